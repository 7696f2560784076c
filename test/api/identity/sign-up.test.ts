import { expect, test } from "vitest";
import { describeEachDatabase } from "../../support/databases.js";
import { expectRefusal, freshEmail, pendingMember, post, rest } from "../../support/rest.js";
import { PASSWORD, startedApp } from "../../support/start-app.js";

describeEachDatabase("POST /identity/users", (database) => {
  const app = startedApp(database);

  test("a new account gets a 201 and a mail with its token", async () => {
    const email = freshEmail();

    const answer = await post(app, "/identity/users", { email, password: PASSWORD, lang: "en" });

    expect(answer).toMatchObject({ status: 201, body: 201 });
    const [mail] = (await app.mails()).filter(({ to }) => to === email);
    expect(mail).toMatchObject({ kind: "mail", token: expect.stringMatching(/^[\w-]{43}$/) });
    expect(mail?.text).toContain(mail?.token);
  });

  test("a form and the query string serve as well as JSON", async () => {
    const email = freshEmail();

    const answer = await rest(app, "POST", `/identity/users?email=${encodeURIComponent(email)}`, {
      form: { password: PASSWORD },
    });

    expect(answer.status).toBe(201);
  });

  test("nothing sent answers missing and empty for each parameter, in their order", async () => {
    const nothing = [
      "identity.user.missing_email",
      "identity.user.empty_email",
      "identity.user.missing_password",
      "identity.user.empty_password",
    ];
    expectRefusal(await post(app, "/identity/users", {}), 400, ...nothing);
    expectRefusal(await rest(app, "POST", "/identity/users"), 400, ...nothing);
  });

  test("blank text and null answer empty alone", async () => {
    for (const email of ["", " ", null]) {
      expectRefusal(
        await post(app, "/identity/users", { email, password: PASSWORD }),
        400,
        "identity.user.empty_email",
      );
    }
  });

  test("a value of a wrong type is named, beside what is missing", async () => {
    expectRefusal(
      await post(app, "/identity/users", { email: ["a@b.com"] }),
      400,
      "identity.user.invalid_email",
      "identity.user.missing_password",
      "identity.user.empty_password",
    );
    expectRefusal(
      await post(app, "/identity/users", { email: { a: 1 }, password: PASSWORD }),
      422,
      "identity.user.invalid_email",
    );
  });

  test("address and password are judged together", async () => {
    expectRefusal(
      await post(app, "/identity/users", { email: "bad_format", password: "Password1" }),
      422,
      "email.invalid",
      "password.password.password_strength",
    );
    expectRefusal(
      await post(app, "/identity/users", { email: freshEmail(), password: "password" }),
      422,
      "password.requirements",
      "password.password.password_strength",
    );
  });

  test("an address is taken whatever its letter case", async () => {
    const email = await pendingMember(app);

    const again = await post(app, "/identity/users", { email: email.toUpperCase(), password: PASSWORD });

    expectRefusal(again, 422, "email.taken");
  });

  test("of sign-ups that race for an address exactly one wins", async () => {
    const email = freshEmail();

    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post(app, "/identity/users", { email, password: PASSWORD })),
    );

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 201))
      expectRefusal(answer, 422, "email.taken");
    expect((await app.mails()).filter(({ to }) => to === email)).toHaveLength(1);
  });

  test("a referral id must be well-formed and somebody's", async () => {
    const signUp = (refid: string) =>
      post(app, "/identity/users", { email: freshEmail(), password: PASSWORD, refid });

    expectRefusal(await signUp("UID123"), 422, "identity.user.invalid_referral_format");
    expectRefusal(await signUp(""), 422, "identity.user.invalid_referral_format");
    expectRefusal(await signUp("ID1231231231"), 422, "identity.user.referral_doesnt_exist");
    const none = { email: freshEmail(), password: PASSWORD, refid: null };
    expect(await post(app, "/identity/users", none)).toMatchObject({ status: 201 });
    const inviter = await app.rooms.accounts.byEmail(await pendingMember(app));
    expect(await signUp(inviter?.uid ?? "")).toMatchObject({ status: 201 });
  });

  test("a refused sign-up leaves no account behind", async () => {
    const email = freshEmail();

    await post(app, "/identity/users", { email, password: "password" });

    expect(await app.rooms.accounts.byEmail(email)).toBeUndefined();
  });
});

describeEachDatabase("POST /identity/users where accounts are hidden", (database) => {
  const app = startedApp(database, { environment: { HIDE_ACCOUNTS: "true" } });

  test("a known address answers like a new one, and its account stays as it was", async () => {
    const email = await pendingMember(app);
    const before = await app.rooms.accounts.byEmail(email);

    const again = await post(app, "/identity/users", { email, password: "Gol4aid2" });

    expect(again).toMatchObject({ status: 201, body: 201 });
    expect(await app.rooms.accounts.byEmail(email)).toEqual(before);
    expect((await app.mails()).filter(({ to }) => to === email)).toHaveLength(1);
  });

  test("resend and reset answer alike for known and unknown addresses", async () => {
    const known = await pendingMember(app);
    for (const email of [known, freshEmail()]) {
      for (const path of ["/identity/users/email/generate_code", "/identity/users/password/generate_code"]) {
        expect(await post(app, path, { email })).toMatchObject({ status: 201, body: 201 });
      }
    }
  });
});
