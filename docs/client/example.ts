// Signs up, confirms, signs in, and shows who is signed in. docs/client/README.md tells how to try it.
import { createBarongClient, reasonsOf, UserState } from "barong/client";

const server = new URLSearchParams(location.search).get("server") ?? "http://localhost:8080";
const barong = createBarongClient({ baseUrl: server });

const field = (id: string): string => (document.getElementById(id) as HTMLInputElement).value;

function show(text: string): void {
  const output = document.getElementById("answer");
  if (output !== null) output.textContent = text;
}

function onClick(id: string, act: () => Promise<string>): void {
  document.getElementById(id)?.addEventListener("click", async () => {
    show("…");
    try {
      show(await act());
    } catch (error) {
      show(`Refused: ${reasonsOf(error).join(", ") || String(error)}`);
    }
  });
}

onClick("sign-up", async () => {
  await barong.users.createUser({ email: field("email"), password: field("password") });
  return "Signed up. A mail with a token is on its way.";
});

onClick("confirm", async () => {
  await barong.users.confirmEmail({ token: field("token") });
  return "Confirmed.";
});

onClick("sign-in", async () => {
  await barong.sessions.createSession({ email: field("email"), password: field("password") });
  return "Signed in.";
});

onClick("me", async () => {
  const { user } = await barong.me.getMe({});
  if (user === undefined) return "Nobody.";
  return `${user.email} (${user.uid}), level ${user.level}, ${UserState[user.state].toLowerCase()}`;
});

onClick("sign-out", async () => {
  await barong.sessions.deleteSession({});
  return "Signed out.";
});
