/** What is said in a mail about a link. `{app}` stands for the name of the service. */
export interface Words {
  readonly subject: string;
  readonly lead: string;
  readonly button: string;
  readonly token: string;
  readonly ignore: string;
}

export type MailTopic = "confirmation" | "password_reset";

/** The words of every language, by ISO 639 code. English is the one that others fall back to. */
export const wordsIn: ReadonlyMap<string, Readonly<Record<MailTopic, Words>>> = new Map([
  [
    "en",
    {
      confirmation: {
        subject: "Confirm your e-mail address for {app}",
        lead: "Somebody, hopefully you, signed up for {app} with this e-mail address. Please confirm that it is yours:",
        button: "Confirm e-mail address",
        token: "If you are asked for a token, it is this one. It works once, for a limited time:",
        ignore: "If you did not sign up, ignore this mail; nothing will happen.",
      },
      password_reset: {
        subject: "Reset your {app} password",
        lead: "Somebody, hopefully you, asked for a new password for your account at {app}. Choose one here:",
        button: "Choose a new password",
        token: "If you are asked for a token, it is this one. It works once, for a limited time:",
        ignore: "If you did not ask for it, ignore this mail; your password stays as it is.",
      },
    },
  ],
  [
    "de",
    {
      confirmation: {
        subject: "Bestätigen Sie Ihre E-Mail-Adresse für {app}",
        lead: "Jemand, hoffentlich Sie, hat sich mit dieser E-Mail-Adresse bei {app} angemeldet. Bitte bestätigen Sie, dass sie Ihnen gehört:",
        button: "E-Mail-Adresse bestätigen",
        token:
          "Falls Sie nach einem Token gefragt werden: Es ist dieses. Es gilt einmal und nur für kurze Zeit:",
        ignore: "Falls Sie sich nicht angemeldet haben, ignorieren Sie diese Nachricht; es geschieht nichts.",
      },
      password_reset: {
        subject: "Neues Passwort für {app}",
        lead: "Jemand, hoffentlich Sie, hat ein neues Passwort für Ihr Konto bei {app} angefordert. Hier können Sie es wählen:",
        button: "Neues Passwort wählen",
        token:
          "Falls Sie nach einem Token gefragt werden: Es ist dieses. Es gilt einmal und nur für kurze Zeit:",
        ignore: "Falls Sie das nicht waren, ignorieren Sie diese Nachricht; Ihr Passwort bleibt, wie es ist.",
      },
    },
  ],
  [
    "es",
    {
      confirmation: {
        subject: "Confirme su correo electrónico para {app}",
        lead: "Alguien, esperamos que usted, se ha registrado en {app} con esta dirección. Confirme que es suya:",
        button: "Confirmar correo electrónico",
        token: "Si se le pide un token, es este. Sirve una sola vez y por tiempo limitado:",
        ignore: "Si no se ha registrado, ignore este mensaje; no ocurrirá nada.",
      },
      password_reset: {
        subject: "Nueva contraseña para {app}",
        lead: "Alguien, esperamos que usted, ha pedido una nueva contraseña para su cuenta en {app}. Elíjala aquí:",
        button: "Elegir una nueva contraseña",
        token: "Si se le pide un token, es este. Sirve una sola vez y por tiempo limitado:",
        ignore: "Si no la ha pedido, ignore este mensaje; su contraseña no cambiará.",
      },
    },
  ],
  [
    "ru",
    {
      confirmation: {
        subject: "Подтвердите адрес электронной почты для {app}",
        lead: "Кто-то, надеемся, что вы, зарегистрировался в {app} с этим адресом. Подтвердите, что он ваш:",
        button: "Подтвердить адрес",
        token: "Если потребуется токен, вот он. Он действует один раз и ограниченное время:",
        ignore: "Если вы не регистрировались, не обращайте внимания на это письмо: ничего не произойдёт.",
      },
      password_reset: {
        subject: "Новый пароль для {app}",
        lead: "Кто-то, надеемся, что вы, запросил новый пароль для вашей учётной записи в {app}. Задайте его здесь:",
        button: "Задать новый пароль",
        token: "Если потребуется токен, вот он. Он действует один раз и ограниченное время:",
        ignore: "Если вы этого не запрашивали, не обращайте внимания на это письмо: пароль не изменится.",
      },
    },
  ],
  [
    "uk",
    {
      confirmation: {
        subject: "Підтвердьте адресу електронної пошти для {app}",
        lead: "Хтось, сподіваємося, що ви, зареєструвався в {app} із цією адресою. Підтвердьте, що вона ваша:",
        button: "Підтвердити адресу",
        token: "Якщо знадобиться токен, ось він. Він діє один раз і обмежений час:",
        ignore: "Якщо ви не реєструвалися, не зважайте на цей лист: нічого не станеться.",
      },
      password_reset: {
        subject: "Новий пароль для {app}",
        lead: "Хтось, сподіваємося, що ви, запросив новий пароль для вашого облікового запису в {app}. Задайте його тут:",
        button: "Задати новий пароль",
        token: "Якщо знадобиться токен, ось він. Він діє один раз і обмежений час:",
        ignore: "Якщо ви цього не запитували, не зважайте на цей лист: пароль не зміниться.",
      },
    },
  ],
]);
