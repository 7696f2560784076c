import type { Language } from "./language.js";

const TOKEN = "Si un jeton vous est demandé, le voici. Il ne sert qu'une fois et pour une durée limitée :";
const ALARM =
  "Si ce n'était pas vous, quelqu'un d'autre a peut-être accès à votre compte : choisissez tout de suite un nouveau mot de passe et écrivez à notre assistance.";

export const french: Language = {
  direction: "ltr",
  links: {
    confirmation: {
      subject: "Confirmez votre adresse e-mail pour {app}",
      lead: "Quelqu'un, vous nous l'espérons, s'est inscrit à {app} avec cette adresse e-mail. Veuillez confirmer qu'elle est à vous :",
      button: "Confirmer l'adresse e-mail",
      token: TOKEN,
      ignore: "Si vous ne vous êtes pas inscrit, ignorez ce message ; il ne se passera rien.",
    },
    password_reset: {
      subject: "Nouveau mot de passe pour {app}",
      lead: "Quelqu'un, vous nous l'espérons, a demandé un nouveau mot de passe pour votre compte {app}. Choisissez-le ici :",
      button: "Choisir un nouveau mot de passe",
      token: TOKEN,
      ignore: "Si vous ne l'avez pas demandé, ignorez ce message ; votre mot de passe reste le même.",
    },
  },
  notices: {
    new_device: {
      subject: "Nouvelle connexion à votre compte {app}",
      lead: "Quelqu'un s'est connecté à votre compte {app} depuis un appareil ou un lieu que nous n'avions pas encore vu.",
      advice: `Si c'était vous, il n'y a rien à faire. ${ALARM}`,
    },
    password_changed: {
      subject: "Votre mot de passe {app} a été changé",
      lead: "Le mot de passe de votre compte {app} a été changé. Les sessions sur d'autres appareils sont terminées.",
      advice: ALARM,
    },
    otp_enabled: {
      subject: "Authentification à deux facteurs activée pour {app}",
      lead: "L'authentification à deux facteurs a été activée pour votre compte {app}. Désormais, il vous faut un code de votre application d'authentification pour vous connecter.",
      advice: ALARM,
    },
    otp_disabled: {
      subject: "Authentification à deux facteurs désactivée pour {app}",
      lead: "L'authentification à deux facteurs a été désactivée pour votre compte {app}. Le mot de passe seul suffit maintenant pour se connecter.",
      advice: `Nous vous conseillons de la réactiver. ${ALARM}`,
    },
    api_key_created: {
      subject: "Nouvelle clé API pour votre compte {app}",
      lead: "Une clé API a été créée pour votre compte {app}. Les programmes qui la possèdent peuvent agir en votre nom.",
      advice: `Si ce n'était pas vous, supprimez la clé. ${ALARM}`,
    },
    api_keys_deactivated: {
      subject: "Clés API de votre compte {app} désactivées",
      lead: "Des clés API de votre compte {app} ont été désactivées, car le mot de passe a été réinitialisé ou l'authentification à deux facteurs a été désactivée ou configurée de nouveau. Les programmes qui les utilisent sont refusés.",
      advice: `Vérifiez chaque clé avant de la réactiver et supprimez celles que vous ne connaissez pas. ${ALARM}`,
    },
    email_confirmed: {
      subject: "Votre adresse e-mail pour {app} est confirmée",
      lead: "Votre adresse e-mail est confirmée et votre compte {app} est actif.",
      advice: "Vous pouvez maintenant vous connecter.",
    },
    document_verified: {
      subject: "Vos documents chez {app} ont été acceptés",
      lead: "Nous avons vérifié les documents que vous avez remis à {app} et nous les avons acceptés.",
      advice: "Il n'y a rien d'autre à faire.",
    },
    document_rejected: {
      subject: "Vos documents chez {app} n'ont pas été acceptés",
      lead: "Nous avons vérifié les documents que vous avez remis à {app} et nous n'avons pas pu les accepter.",
      advice:
        "Veuillez vous connecter et envoyer des documents valides, complets et bien lisibles. Pour toute question, écrivez à notre assistance.",
    },
  },
  facts: { time: "Heure", address: "Adresse IP", device: "Appareil", key: "Clé API", keys: "Clés API" },
  unknown: "inconnu",
};
