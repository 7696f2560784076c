import type { Language } from "./language.js";

const TOKEN = "Sizden bir kod istenirse, kod budur. Sınırlı bir süre için ve bir kez geçerlidir:";
const ALARM =
  "Bunu siz yapmadıysanız, hesabınıza başka biri erişiyor olabilir: hemen yeni bir şifre belirleyin ve destek ekibimize yazın.";

export const turkish: Language = {
  direction: "ltr",
  links: {
    confirmation: {
      subject: "{app} için e-posta adresinizi onaylayın",
      lead: "Birisi, umarız siz, {app} hizmetine bu e-posta adresiyle kaydoldu. Lütfen adresin size ait olduğunu onaylayın:",
      button: "E-posta adresini onayla",
      token: TOKEN,
      ignore: "Kaydolmadıysanız bu iletiyi dikkate almayın; hiçbir şey olmayacak.",
    },
    password_reset: {
      subject: "{app} için yeni şifre",
      lead: "Birisi, umarız siz, {app} hesabınız için yeni bir şifre istedi. Şifreyi buradan belirleyin:",
      button: "Yeni şifre belirle",
      token: TOKEN,
      ignore: "Bunu siz istemediyseniz bu iletiyi dikkate almayın; şifreniz değişmeyecek.",
    },
  },
  notices: {
    new_device: {
      subject: "{app} hesabınıza yeni giriş",
      lead: "Birisi {app} hesabınıza daha önce görmediğimiz bir cihazdan veya yerden giriş yaptı.",
      advice: `Giriş yapan sizseniz bir şey yapmanız gerekmez. ${ALARM}`,
    },
    password_changed: {
      subject: "{app} şifreniz değiştirildi",
      lead: "{app} hesabınızın şifresi değiştirildi. Diğer cihazlardaki oturumlar sona erdi.",
      advice: ALARM,
    },
    otp_enabled: {
      subject: "{app} için iki adımlı doğrulama açıldı",
      lead: "{app} hesabınız için iki adımlı doğrulama açıldı. Bundan sonra giriş yapmak için doğrulama uygulamanızdan bir kod gerekir.",
      advice: ALARM,
    },
    otp_disabled: {
      subject: "{app} için iki adımlı doğrulama kapatıldı",
      lead: "{app} hesabınız için iki adımlı doğrulama kapatıldı. Artık giriş yapmak için yalnızca şifre yeterli.",
      advice: `Yeniden açmanızı öneririz. ${ALARM}`,
    },
    api_key_created: {
      subject: "{app} hesabınız için yeni API anahtarı",
      lead: "{app} hesabınız için bir API anahtarı oluşturuldu. Bu anahtara sahip programlar sizin adınıza işlem yapabilir.",
      advice: `Anahtarı siz oluşturmadıysanız silin. ${ALARM}`,
    },
    api_keys_deactivated: {
      subject: "{app} hesabınızın API anahtarları kapatıldı",
      lead: "{app} hesabınızın API anahtarları kapatıldı; çünkü şifre sıfırlandı ya da iki adımlı doğrulama kapatıldı veya yeniden kuruldu. Bu anahtarları kullanan programlar reddedilir.",
      advice: `Yeniden açmadan önce her anahtarı kontrol edin ve tanımadıklarınızı silin. ${ALARM}`,
    },
    email_confirmed: {
      subject: "{app} için e-posta adresiniz onaylandı",
      lead: "E-posta adresiniz onaylandı ve {app} hesabınız etkin.",
      advice: "Artık giriş yapabilirsiniz.",
    },
    document_verified: {
      subject: "{app} için belgeleriniz kabul edildi",
      lead: "{app} için verdiğiniz belgeleri inceledik ve kabul ettik.",
      advice: "Yapmanız gereken başka bir şey yok.",
    },
    document_rejected: {
      subject: "{app} için belgeleriniz kabul edilmedi",
      lead: "{app} için verdiğiniz belgeleri inceledik ve kabul edemedik.",
      advice:
        "Lütfen giriş yapıp geçerli, eksiksiz ve kolay okunan belgeler yükleyin. Sorularınız için destek ekibimize yazın.",
    },
  },
  facts: {
    time: "Zaman",
    address: "IP adresi",
    device: "Cihaz",
    key: "API anahtarı",
    keys: "API anahtarları",
  },
  unknown: "bilinmiyor",
};
