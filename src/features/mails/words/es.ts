import type { Language } from "./language.js";

const TOKEN = "Si se le pide un token, es este. Sirve una sola vez y por tiempo limitado:";
const ALARM =
  "Si no ha sido usted, es posible que otra persona tenga acceso a su cuenta: elija enseguida una nueva contraseña y escriba a nuestro servicio de soporte.";

export const spanish: Language = {
  direction: "ltr",
  links: {
    confirmation: {
      subject: "Confirme su correo electrónico para {app}",
      lead: "Alguien, esperamos que usted, se ha registrado en {app} con esta dirección. Confirme que es suya:",
      button: "Confirmar correo electrónico",
      token: TOKEN,
      ignore: "Si no se ha registrado, ignore este mensaje; no ocurrirá nada.",
    },
    password_reset: {
      subject: "Nueva contraseña para {app}",
      lead: "Alguien, esperamos que usted, ha pedido una nueva contraseña para su cuenta en {app}. Elíjala aquí:",
      button: "Elegir una nueva contraseña",
      token: TOKEN,
      ignore: "Si no la ha pedido, ignore este mensaje; su contraseña no cambiará.",
    },
  },
  notices: {
    new_device: {
      subject: "Nuevo inicio de sesión en su cuenta de {app}",
      lead: "Alguien ha iniciado sesión en su cuenta de {app} desde un dispositivo o un lugar que no habíamos visto antes.",
      advice: `Si ha sido usted, no tiene que hacer nada. ${ALARM}`,
    },
    password_changed: {
      subject: "Se ha cambiado su contraseña de {app}",
      lead: "Se ha cambiado la contraseña de su cuenta de {app}. Las sesiones en otros dispositivos han terminado.",
      advice: ALARM,
    },
    otp_enabled: {
      subject: "Autenticación en dos pasos activada en {app}",
      lead: "Se ha activado la autenticación en dos pasos en su cuenta de {app}. A partir de ahora necesita un código de su aplicación de autenticación para iniciar sesión.",
      advice: ALARM,
    },
    otp_disabled: {
      subject: "Autenticación en dos pasos desactivada en {app}",
      lead: "Se ha desactivado la autenticación en dos pasos en su cuenta de {app}. Ahora basta la contraseña para iniciar sesión.",
      advice: `Le aconsejamos activarla de nuevo. ${ALARM}`,
    },
    api_key_created: {
      subject: "Nueva clave de API en su cuenta de {app}",
      lead: "Se ha creado una clave de API en su cuenta de {app}. Los programas que la tengan pueden actuar en su nombre.",
      advice: `Si no ha sido usted, elimine la clave. ${ALARM}`,
    },
    api_keys_deactivated: {
      subject: "Claves de API de su cuenta de {app} desactivadas",
      lead: "Se han desactivado claves de API de su cuenta de {app}, porque se ha restablecido la contraseña o se ha desactivado o configurado de nuevo la autenticación en dos pasos. Los programas que las usan son rechazados.",
      advice: `Compruebe cada clave antes de activarla de nuevo y elimine las que no conozca. ${ALARM}`,
    },
    email_confirmed: {
      subject: "Su correo electrónico para {app} está confirmado",
      lead: "Su correo electrónico está confirmado y su cuenta de {app} está activa.",
      advice: "Ya puede iniciar sesión.",
    },
    document_verified: {
      subject: "Sus documentos en {app} han sido aceptados",
      lead: "Hemos revisado los documentos que entregó a {app} y los hemos aceptado.",
      advice: "No tiene que hacer nada más.",
    },
    document_rejected: {
      subject: "Sus documentos en {app} no han sido aceptados",
      lead: "Hemos revisado los documentos que entregó a {app} y no hemos podido aceptarlos.",
      advice:
        "Inicie sesión y suba documentos vigentes, completos y bien legibles. Si tiene preguntas, escriba a nuestro servicio de soporte.",
    },
  },
  facts: {
    time: "Hora",
    address: "Dirección IP",
    device: "Dispositivo",
    key: "Clave de API",
    keys: "Claves de API",
  },
  unknown: "desconocido",
};
