// SPDX-License-Identifier: Apache-2.0
// The clients of the server's services, over gRPC-Web to our own origin. The session is an HttpOnly
// cookie, so nothing here ever holds a token.
import type { Interceptor } from "@connectrpc/connect";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AuthService } from "../gen/preseal/auth/v1/auth_pb";
import { BatchService } from "../gen/preseal/batch/v1/batch_pb";
import { DiagnosticsReaderService } from "../gen/preseal/diagnostics/v1/diagnostics_pb";
import { FleetService } from "../gen/preseal/fleet/v1/fleet_pb";
import { FlowService } from "../gen/preseal/flow/v1/flow_pb";
import { IdentityService } from "../gen/preseal/identity/v1/identity_pb";
import { ProfileService } from "../gen/preseal/profile/v1/profile_pb";
import { TrustService } from "../gen/preseal/trust/v1/trust_pb";

/** A unary call that takes longer is an error a person should see. */
const UNARY_TIMEOUT_MS = 15_000;

let onSessionEnd: () => void = () => {};

/** Registers what happens when the server no longer knows our session. */
export function whenSessionEnds(callback: () => void): void {
  onSessionEnd = callback;
}

/** Every answer "unauthenticated" but that to Login itself means that the session is over. */
const watchSession: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (error) {
    if (request.method.name !== "Login") noteProblem(error);
    throw error;
  }
};

/** For streams, whose refusal comes while reading and not while opening. */
export function noteProblem(error: unknown): void {
  if (isUnauthenticated(error)) onSessionEnd();
}

export function isUnauthenticated(error: unknown): boolean {
  return ConnectError.from(error).code === Code.Unauthenticated;
}

const unary = createGrpcWebTransport({
  baseUrl: location.origin,
  defaultTimeoutMs: UNARY_TIMEOUT_MS,
  interceptors: [watchSession],
});

// A watch lives as long as the page: no deadline, ended by its AbortController.
const streaming = createGrpcWebTransport({
  baseUrl: location.origin,
  interceptors: [watchSession],
});

export const auth = createClient(AuthService, unary);
export const fleet = createClient(FleetService, unary);
export const batches = createClient(BatchService, unary);
export const identities = createClient(IdentityService, unary);
export const trust = createClient(TrustService, unary);
export const flow = createClient(FlowService, unary);
export const profiles = createClient(ProfileService, unary);
export const diagnostics = createClient(DiagnosticsReaderService, unary);
export const diagnosticsDownload = createClient(DiagnosticsReaderService, streaming);
export const fleetWatch = createClient(FleetService, streaming);
