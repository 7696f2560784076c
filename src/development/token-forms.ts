import { escapeHtml } from "../platform/html.js";
import type { Page } from "./html.js";

/** Where the link of a confirmation mail leads in development. */
export const confirmationPage = (token: string): Omit<Page, "nonce"> => ({
  title: "Confirm your e-mail address",
  body: `<form method="post" action="/api/v2/identity/users/email/confirm_code" data-done="Confirmed. You may sign in now.">
${tokenField("token", token)}
<button>Confirm</button>
<output></output>
</form>`,
  script: SHOW_ANSWER,
});

/** Where the link of a password reset mail leads in development. */
export const passwordResetPage = (token: string): Omit<Page, "nonce"> => ({
  title: "Choose a new password",
  body: `<form method="post" action="/api/v2/identity/users/password/confirm_code" data-done="Changed. Sign in with the new password.">
${tokenField("reset_password_token", token)}
<label>New password
<input name="password" type="password" autocomplete="new-password" required></label>
<label>Once more
<input name="confirm_password" type="password" autocomplete="new-password" required></label>
<button>Change password</button>
<output></output>
</form>`,
  script: SHOW_ANSWER,
});

const tokenField = (name: string, token: string): string =>
  `<label>Token from the mail
<input name="${name}" value="${escapeHtml(token)}" autocomplete="off" required></label>`;

// Without it the form works as well, but the browser then shows the bare answer of the API.
const SHOW_ANSWER = `
const form = document.querySelector("form");
const output = document.querySelector("output");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  output.textContent = "…";
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const text = await answer.text();
    output.textContent = answer.ok ? form.dataset.done : answer.status + " " + text;
  } catch {
    output.textContent = "The server does not answer.";
  }
});
`;
