/** For each optional parameter a value that is wrong, and the code that shows that it was read. */
export const wrongValues: Readonly<Record<string, readonly [value: string, code: string]>> = {
  "POST /admin/users/labels scope": ["nowhere", "scope.inclusion"],
  "PUT /admin/users state": ["frozen", "admin.user.invalid_state"],
  "PUT /admin/users otp": ["perhaps", "admin.user.invalid_otp"],
  "PUT /admin/users role": ["pope", "admin.user.invalid_role"],
  "GET /admin/users page": ["0", "admin.user.non_positive_page"],
  "GET /admin/users limit": ["101", "admin.user.invalid_limit"],
  "GET /admin/users/search page": ["0", "admin.user.invalid_page"],
  "GET /admin/users/search limit": ["1001", "admin.user.invalid_limit"],
  "POST /identity/users/password/generate_code lang": ["x".repeat(36), "identity.user.invalid_lang"],
  "POST /identity/users/email/generate_code lang": ["x".repeat(36), "identity.user.invalid_lang"],
  "POST /identity/users refid": ["UID123", "identity.user.invalid_referral_format"],
  "POST /identity/users lang": ["x".repeat(36), "identity.user.invalid_lang"],
  "POST /identity/sessions otp_code": ["1".repeat(33), "identity.session.invalid_otp_code"],
  "GET /resource/api_keys page": ["0", "resource.apikey.invalid_page"],
  "GET /resource/api_keys limit": ["1001", "resource.apikey.invalid_limit"],
  "POST /resource/api_keys kid": [" ", "resource.apikey.empty_kid"],
  "POST /resource/api_keys scope": ["%", "resource.apikey.invalid_scope"],
  "PATCH /resource/api_keys/{kid} scope": ["%", "resource.apikey.invalid_scope"],
  "PATCH /resource/api_keys/{kid} state": ["sleepy", "resource.apikey.invalid_state"],
  "GET /resource/users/activity/{topic} page": ["0", "resource.user.invalid_page"],
  "GET /resource/users/activity/{topic} limit": ["1001", "resource.user.invalid_limit"],
};

/** Looked at only where the operator has switched captcha on; tested there. */
export const SEEN_BY_CAPTCHA = ["captcha_response"];
