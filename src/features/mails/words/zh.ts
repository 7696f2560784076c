import type { Language } from "./language.js";

const TOKEN = "如果需要输入令牌，请使用以下令牌。它只能使用一次，并且有时间限制：";
const ALARM = "如果这不是您本人的操作，可能有其他人可以访问您的账户：请立即设置新密码，并联系我们的客服。";

export const chinese: Language = {
  direction: "ltr",
  links: {
    confirmation: {
      subject: "请确认您在 {app} 的电子邮箱",
      lead: "有人（希望是您本人）使用此邮箱地址注册了 {app}。请确认这是您的邮箱：",
      button: "确认邮箱地址",
      token: TOKEN,
      ignore: "如果您没有注册，请忽略此邮件，不会有任何影响。",
    },
    password_reset: {
      subject: "重置您的 {app} 密码",
      lead: "有人（希望是您本人）为您在 {app} 的账户申请了新密码。请在此设置：",
      button: "设置新密码",
      token: TOKEN,
      ignore: "如果您没有申请，请忽略此邮件，您的密码不会改变。",
    },
  },
  notices: {
    new_device: {
      subject: "您的 {app} 账户有新的登录",
      lead: "有人从我们未曾见过的设备或地点登录了您在 {app} 的账户。",
      advice: `如果是您本人，无需任何操作。${ALARM}`,
    },
    password_changed: {
      subject: "您的 {app} 密码已更改",
      lead: "您在 {app} 的账户密码已更改。其他设备上的会话已结束。",
      advice: ALARM,
    },
    otp_enabled: {
      subject: "{app} 双重验证已开启",
      lead: "您在 {app} 的账户已开启双重验证。今后登录时需要输入验证器应用中的验证码。",
      advice: ALARM,
    },
    otp_disabled: {
      subject: "{app} 双重验证已关闭",
      lead: "您在 {app} 的账户已关闭双重验证。现在仅凭密码即可登录。",
      advice: `我们建议您重新开启。${ALARM}`,
    },
    api_key_created: {
      subject: "您的 {app} 账户有新的 API 密钥",
      lead: "您在 {app} 的账户创建了一个 API 密钥。持有它的程序可以代表您进行操作。",
      advice: `如果不是您本人创建，请删除该密钥。${ALARM}`,
    },
    api_keys_deactivated: {
      subject: "您的 {app} 账户的 API 密钥已停用",
      lead: "由于密码被重置，或双重验证被关闭或重新设置，您在 {app} 的账户的 API 密钥已停用。使用这些密钥的程序会被拒绝。",
      advice: `重新启用前请检查每个密钥，并删除您不认识的密钥。${ALARM}`,
    },
    email_confirmed: {
      subject: "您在 {app} 的电子邮箱已确认",
      lead: "您的电子邮箱已确认，您在 {app} 的账户已激活。",
      advice: "您现在可以登录。",
    },
    document_verified: {
      subject: "您在 {app} 的证件已通过审核",
      lead: "我们已审核您提交给 {app} 的证件，并已通过。",
      advice: "您无需再做任何操作。",
    },
    document_rejected: {
      subject: "您在 {app} 的证件未通过审核",
      lead: "我们已审核您提交给 {app} 的证件，未能通过。",
      advice: "请登录并上传有效、完整且清晰可读的证件。如有疑问，请联系我们的客服。",
    },
  },
  facts: { time: "时间", address: "IP 地址", device: "设备", key: "API 密钥", keys: "API 密钥" },
  unknown: "未知",
};
