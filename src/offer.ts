import { getOption, isMessage } from "@bufbuild/protobuf";
import { LabelService as AdminLabelService } from "../gen/barong/admin/v1/label_service_pb.js";
import { OutboxService } from "../gen/barong/admin/v1/outbox_service_pb.js";
import { PermissionService } from "../gen/barong/admin/v1/permission_service_pb.js";
import { SessionService as AdminSessionService } from "../gen/barong/admin/v1/session_service_pb.js";
import { UserService as AdminUserService } from "../gen/barong/admin/v1/user_service_pb.js";
import { AuthzService, KeyService } from "../gen/barong/authz/v1/authz_service_pb.js";
import { ErrorReason } from "../gen/barong/errors/v1/error_reason_pb.js";
import { EventService } from "../gen/barong/events/v1/event_service_pb.js";
import { CreateSessionRequestSchema, SessionService } from "../gen/barong/identity/v1/session_service_pb.js";
import { StatusService } from "../gen/barong/identity/v1/status_service_pb.js";
import { UserService } from "../gen/barong/identity/v1/user_service_pb.js";
import { Access, method as methodRules } from "../gen/barong/options/v1/options_pb.js";
import { ApiKeyService } from "../gen/barong/resource/v1/api_key_service_pb.js";
import { DocumentService } from "../gen/barong/resource/v1/document_service_pb.js";
import { FileService } from "../gen/barong/resource/v1/file_service_pb.js";
import { LabelService } from "../gen/barong/resource/v1/label_service_pb.js";
import { OtpService } from "../gen/barong/resource/v1/otp_service_pb.js";
import { PhoneService } from "../gen/barong/resource/v1/phone_service_pb.js";
import { ProfileService } from "../gen/barong/resource/v1/profile_service_pb.js";
import { SessionService as OwnSessionService } from "../gen/barong/resource/v1/session_service_pb.js";
import { UserService as OwnAccountService } from "../gen/barong/resource/v1/user_service_pb.js";
import { Authorization } from "../gen/envoy/service/auth/v3/external_auth_pb.js";
import { isUnavailable } from "./database/errors.js";
import { apiKeyHandlers } from "./features/api-keys/api.js";
import { authzHandlers, explainHandler, keyHandlers } from "./features/authz/api.js";
import { envoyHandlers, type RefusalOf } from "./features/authz/envoy-api.js";
import type { OwnPathOf } from "./features/authz/own-paths.js";
import { documentHandlers, fileHandlers } from "./features/documents/api.js";
import { eventHandlers } from "./features/events/api.js";
import { adminLabelHandlers } from "./features/labels/admin-api.js";
import { labelHandlers } from "./features/labels/api.js";
import { otpHandlers } from "./features/otp/api.js";
import { outboxHandlers } from "./features/outbox/admin-api.js";
import { ownAccountHandlers } from "./features/own-account/api.js";
import { permissionHandlers } from "./features/permissions/api.js";
import { phoneHandlers } from "./features/phones/api.js";
import { profileHandlers } from "./features/profiles/api.js";
import { userHandlers } from "./features/registration/api.js";
import { adminSessionHandlers } from "./features/sessions/admin-api.js";
import { sessionHandlers } from "./features/sessions/api.js";
import { ownSessionHandlers } from "./features/sessions/own-api.js";
import { ownSessions } from "./features/sessions/own-session.js";
import { staffHandlers } from "./features/staff/api.js";
import { statusHandlers } from "./features/status/api.js";
import type { Call } from "./platform/call.js";
import type { Clock } from "./platform/clock.js";
import type { Config } from "./platform/config.js";
import { Failure } from "./platform/failure.js";
import type { Logger } from "./platform/logger.js";
import { HashingOverloaded } from "./platform/password-hash.js";
import type { Captcha } from "./ports/captcha/captcha.js";
import { SmsUnavailable } from "./ports/sms/sms.js";
import { StorageUnavailable } from "./ports/storage/storage.js";
import type { Rooms } from "./rooms.js";
import { bodyOf, createAnswers } from "./wire/answers.js";
import type { Steps } from "./wire/guard.js";
import { serve } from "./wire/services.js";
import { permission } from "./wire/steps/permit.js";

/** Every service with the handlers of its room. */
export function servicesOf(rooms: Rooms, config: Config, captcha: Captcha, clock: Clock, logger: Logger) {
  const ownSessionIn = ownSessions(config.sessions.secureCookie);
  return [
    serve(StatusService, statusHandlers(clock)),
    serve(UserService, userHandlers({ ...rooms, captcha })),
    serve(SessionService, sessionHandlers(rooms.sessions, { ...config.sessions, origins: rooms.origins })),
    serve(OwnSessionService, ownSessionHandlers(rooms.sessions, config.sessions)),
    serve(AdminSessionService, adminSessionHandlers(rooms)),
    serve(OwnAccountService, ownAccountHandlers({ ...rooms, ownSessionIn })),
    serve(OtpService, otpHandlers(rooms.otp, ownSessionIn)),
    serve(LabelService, labelHandlers(rooms.labels)),
    serve(AdminUserService, staffHandlers(rooms)),
    serve(AdminLabelService, adminLabelHandlers(rooms.labels)),
    serve(OutboxService, outboxHandlers(rooms)),
    serve(EventService, eventHandlers(rooms.eventStreams, stillAllowed(rooms))),
    serve(PhoneService, phoneHandlers(rooms.phones)),
    serve(ProfileService, profileHandlers(rooms.profiles)),
    serve(DocumentService, documentHandlers(rooms.documents)),
    serve(FileService, fileHandlers(rooms.documents)),
    serve(ApiKeyService, apiKeyHandlers(rooms.apiKeys)),
    serve(AuthzService, authzHandlers(rooms.authz)),
    serve(KeyService, keyHandlers(rooms.authz)),
    serve(PermissionService, permissionHandlers(rooms.permissions, explainHandler(rooms.explain))),
    // Envoy's schema says nothing of who may ask; as the gateway it speaks for everybody.
    serve(Authorization, envoyHandlers(rooms.authz, refusals(logger)), {
      offer: "grpc only",
      access: Access.PUBLIC,
    }),
  ];
}

/** Asks once more who calls and what he may, of a call that goes on. Throws as the steps before its handler do. */
const stillAllowed =
  ({ authz }: Rooms) =>
  async (call: Call): Promise<void> => {
    const { ability, readOnly } = getOption(call.method, methodRules);
    permission(ability)(await authz.standing({ call, readOnly }, call.caller));
  };

/** What a failure looks like to who gets it in an answer of its own. */
function refusals(logger: Logger): RefusalOf {
  const answerTo = createAnswers(translate, logger);
  return (fault, { id, method }) => {
    const answer = answerTo(fault, { id, method: `${method.parent.typeName}/${method.name}` });
    return { ...answer, body: bodyOf(answer) };
  };
}

/** What the steps before a handler need of the rooms. */
export const stepsWith = (
  { authz, throttles, otp, activities, captchaPasses, knownClients }: Rooms,
  captcha: Captcha,
  ownPathOf: OwnPathOf,
): Steps => ({
  identify: (call, read) =>
    authz.identify({
      call,
      readOnly: getOption(call.method, methodRules).readOnly,
      ownPath: () => ownPathOf(call, read),
    }),
  async verifyCaptcha(answer, { method, origin: { ip } }, request) {
    if (isMessage(request, CreateSessionRequestSchema) && (await captchaPasses.take(request, answer))) return;
    await captcha.verify(answer, { ip, action: getOption(method, methodRules).captchaAction });
  },
  spend: throttles.spend,
  knownClientOf: (email, { requestHeader, origin }) => knownClients.of(email, requestHeader, origin.ip),
  proveSecondFactor: (code, { caller }) => otp.proveSecondFactor(caller, code),
  recordRefusal: activities.failed,
});

/** What the lower layers throw, as the catalogue says it. */
export function translate(fault: unknown): Failure | undefined {
  if (fault instanceof HashingOverloaded)
    return new Failure(ErrorReason.OVERLOADED, { retryAfterSeconds: 1 });
  // Before the database, for their codes are those of any broken connection.
  if (fault instanceof SmsUnavailable) return new Failure(ErrorReason.SMS_UNAVAILABLE, { cause: fault });
  if (isUnavailable(fault) || fault instanceof StorageUnavailable)
    return new Failure(ErrorReason.UNAVAILABLE, { retryAfterSeconds: 5, cause: fault });
  return undefined;
}
