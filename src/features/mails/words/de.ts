import type { Language } from "./language.js";

const TOKEN =
  "Falls Sie nach einem Token gefragt werden: Es ist dieses. Es gilt einmal und nur für kurze Zeit:";
const ALARM =
  "Falls Sie das nicht waren, hat vielleicht jemand anders Zugang zu Ihrem Konto: Wählen Sie sofort ein neues Passwort und schreiben Sie an unseren Support.";

export const german: Language = {
  direction: "ltr",
  links: {
    confirmation: {
      subject: "Bestätigen Sie Ihre E-Mail-Adresse für {app}",
      lead: "Jemand, hoffentlich Sie, hat sich mit dieser E-Mail-Adresse bei {app} angemeldet. Bitte bestätigen Sie, dass sie Ihnen gehört:",
      button: "E-Mail-Adresse bestätigen",
      token: TOKEN,
      ignore: "Falls Sie sich nicht angemeldet haben, ignorieren Sie diese Nachricht; es geschieht nichts.",
    },
    password_reset: {
      subject: "Neues Passwort für {app}",
      lead: "Jemand, hoffentlich Sie, hat ein neues Passwort für Ihr Konto bei {app} angefordert. Hier können Sie es wählen:",
      button: "Neues Passwort wählen",
      token: TOKEN,
      ignore: "Falls Sie das nicht waren, ignorieren Sie diese Nachricht; Ihr Passwort bleibt, wie es ist.",
    },
  },
  notices: {
    new_device: {
      subject: "Neue Anmeldung bei Ihrem Konto bei {app}",
      lead: "Jemand hat sich bei Ihrem Konto bei {app} von einem Gerät oder Ort aus angemeldet, den wir noch nicht kennen.",
      advice: `Falls Sie das waren, ist nichts zu tun. ${ALARM}`,
    },
    password_changed: {
      subject: "Ihr Passwort bei {app} wurde geändert",
      lead: "Das Passwort Ihres Kontos bei {app} wurde geändert. Sitzungen auf anderen Geräten sind beendet.",
      advice: ALARM,
    },
    otp_enabled: {
      subject: "Zwei-Faktor-Anmeldung bei {app} eingeschaltet",
      lead: "Die Zwei-Faktor-Anmeldung wurde für Ihr Konto bei {app} eingeschaltet. Von nun an brauchen Sie zum Anmelden einen Code aus Ihrer Authenticator-App.",
      advice: ALARM,
    },
    otp_disabled: {
      subject: "Zwei-Faktor-Anmeldung bei {app} ausgeschaltet",
      lead: "Die Zwei-Faktor-Anmeldung wurde für Ihr Konto bei {app} ausgeschaltet. Zum Anmelden genügt nun das Passwort.",
      advice: `Wir raten Ihnen, sie wieder einzuschalten. ${ALARM}`,
    },
    api_key_created: {
      subject: "Neuer API-Schlüssel für Ihr Konto bei {app}",
      lead: "Für Ihr Konto bei {app} wurde ein API-Schlüssel erstellt. Programme, die ihn haben, können für Sie handeln.",
      advice: `Falls Sie das nicht waren, löschen Sie den Schlüssel. ${ALARM}`,
    },
    api_keys_deactivated: {
      subject: "API-Schlüssel Ihres Kontos bei {app} ausgeschaltet",
      lead: "API-Schlüssel Ihres Kontos bei {app} wurden ausgeschaltet, weil das Passwort zurückgesetzt oder die Zwei-Faktor-Anmeldung ausgeschaltet oder neu eingerichtet wurde. Programme, die sie benutzen, werden abgewiesen.",
      advice: `Prüfen Sie jeden Schlüssel, bevor Sie ihn wieder einschalten, und löschen Sie die, die Sie nicht kennen. ${ALARM}`,
    },
    email_confirmed: {
      subject: "Ihre E-Mail-Adresse für {app} ist bestätigt",
      lead: "Ihre E-Mail-Adresse ist bestätigt, und Ihr Konto bei {app} ist aktiv.",
      advice: "Sie können sich nun anmelden.",
    },
    document_verified: {
      subject: "Ihre Dokumente bei {app} wurden angenommen",
      lead: "Wir haben die Dokumente geprüft, die Sie {app} gegeben haben, und sie angenommen.",
      advice: "Mehr ist nicht zu tun.",
    },
    document_rejected: {
      subject: "Ihre Dokumente bei {app} wurden nicht angenommen",
      lead: "Wir haben die Dokumente geprüft, die Sie {app} gegeben haben, und konnten sie nicht annehmen.",
      advice:
        "Bitte melden Sie sich an und laden Sie Dokumente hoch, die gültig, vollständig und gut lesbar sind. Bei Fragen schreiben Sie an unseren Support.",
    },
  },
  facts: {
    time: "Zeit",
    address: "IP-Adresse",
    device: "Gerät",
    key: "API-Schlüssel",
    keys: "API-Schlüssel",
  },
  unknown: "unbekannt",
};
