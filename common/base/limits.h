// SPDX-License-Identifier: Apache-2.0
// Every limit of the system, once, with its reason. Everything else names the constant.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace preseal {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

// --- names and texts ---
inline constexpr size_t kDnsNameBytesMax = 253;  // RFC 1035, as text
inline constexpr size_t kSerialBytesMax = 128;   // longest DMI serial seen is 64
inline constexpr size_t kNameBytesMax = 256;  // manufacturer, model, user, profile, display names
inline constexpr size_t kSlotBytesMax = 32;   // must fit a tile
inline constexpr size_t kItemIdBytesMax = 64;
inline constexpr size_t kRequestIdBytesMax = 64;    // a UUID with room
inline constexpr size_t kEventTextBytesMax = 4096;  // one log line

// --- runs ---
inline constexpr size_t kPlanStepsMax = 256;  // Autopilot allows 100 blocking apps
inline constexpr size_t kPlanGroupsMax = 64;
inline constexpr size_t kStepInputsMax = 64;
inline constexpr size_t kInputNameBytesMax = 64;
inline constexpr size_t kTokenNameBytesMax = 32;
inline constexpr size_t kLanguageBytesMax = 35;  // BCP 47, "Length Considerations"
inline constexpr size_t kKeyboardBytesMax = 32;
inline constexpr size_t kPromptChoicesMax = 32;
inline constexpr size_t kPromptPatternBytesMax = 512;
inline constexpr int64_t kPatternMemoryMax = 1024 * 1024;  // compiled and at work; most take KiB
inline constexpr size_t kYamlDepthMax = 500;  // an alias may stand inside what it names
inline constexpr size_t kPromptAnswerBytesMax = 1024;
inline constexpr uint32_t kStepAttemptsMax = 10;
inline constexpr uint32_t kStepsInFlightMax = 8;  // at once on one device
inline constexpr uint32_t kStepRebootsMax = 10;
inline constexpr uint32_t kStepRebootsDefault = 3;
inline constexpr uint32_t kRunRebootsMax = 50;
inline constexpr uint32_t kRunRebootsDefault = 10;
inline constexpr uint32_t kUnplannedRebootsMax = 3;  // in one run; then it is a reboot loop
inline constexpr auto kRebootWithinDefault = 20min;  // MAAS tolerates as much
inline constexpr auto kRebootAckWithin = 30s;        // for the server to know before it goes down
inline constexpr auto kTokenWaitMax = 60min;         // a queue that long is a fault
inline constexpr auto kInstallerWaitMax = 60min;
inline constexpr auto kRequiresTimeout = 60s;
inline constexpr auto kTeardownTimeoutMax = 30min;  // of all teardown groups together
inline constexpr auto kBackgroundGrace = 2min;      // for background items once the rest has ended
inline constexpr auto kPhaseRestartWithin =
    1440min;  // an item's wait for it; the phase ends before
inline constexpr size_t kJoinBlobBytesMax = 64 * 1024;
inline constexpr size_t kJoinOutputBytesMax = 64 * 1024;  // of `net`, for the message
inline constexpr auto kJoinProvisionWithin = 60s;         // `net` against a slow directory
inline constexpr size_t kJoinThreads = 2;         // a dead directory must not hold the other calls
inline constexpr size_t kJoinQueueMax = 256;      // a full line of devices, then they ask again
inline constexpr size_t kExitCodeRulesMax = 256;  // a process has no more exit codes
inline constexpr size_t kTargetPathBytesMax = 1024;
inline constexpr size_t kNetworkNameBytesMax = 64;            // it becomes a file name
inline constexpr size_t kTargetSettingsBytesMax = 64 * 1024;  // a file that is edited, not replaced
inline constexpr auto kItemPercentInterval = 200ms;           // at most five a second per item
inline constexpr uint32_t kStepResumesMax = 3;  // attempts given back after a crash in one
inline constexpr auto kStepRetryFirst = 1s;     // pause before the next attempt, doubled
inline constexpr auto kStepRetryLongest = 30s;
inline constexpr size_t kStepLinesMax = 10'000;  // of one command; what follows is dropped
inline constexpr size_t kStepOutputBytesMax = 4 * 1024 * 1024;
inline constexpr size_t kHostsBytesMax = 1024 * 1024;  // of an etc/hosts that is kept
inline constexpr size_t kItemMessageBytesMax = 1024;   // one sentence, with room for paths
inline constexpr size_t kLogLineBytesMax = kEventTextBytesMax - 16;  // and the mark of a cut
inline constexpr uint64_t kEventsReservedForItems = 20'000;          // log lines stop before these
inline constexpr auto kStepTimeoutMax = 1440min;    // Autopilot's own ceiling for the whole ESP
inline constexpr auto kStepTimeoutDefault = 60min;  // Autopilot's default
inline constexpr uint32_t kRunsPerDeviceMax = 100;  // a device that needs more is a repair case
inline constexpr size_t kInlineContentBytesMax = 256 * 1024;
inline constexpr size_t kPlanBytesMax = 3 * 1024 * 1024;  // must fit one gRPC message (4 MiB)

// --- profiles and assignment ---
inline constexpr size_t kDocumentBytesMax = 1024 * 1024;
inline constexpr size_t kDocumentsMax = 2000;  // Autopilot: 350 profiles, 51 ESP profiles
inline constexpr size_t kDeploymentProfilesMax = 350;
inline constexpr size_t kDocumentVersionsKept = 100;
inline constexpr size_t kMistakesMax = 100;           // answered at once
inline constexpr size_t kYamlNodesMax = 100'000;      // of one document, aliases unfolded
inline constexpr size_t kDescriptionCharsMax = 1500;  // Autopilot's
inline constexpr size_t kTouchedDevicesMax = 5000;    // looked at by one apply
inline constexpr size_t kRuleBytesMax = 4096;
inline constexpr int kRuleDepthMax = 32;
inline constexpr size_t kHardwareHashBytesMin = 512;  // of Windows; real ones have 3 to 4 KiB
inline constexpr size_t kHardwareHashBytesMax = 16 * 1024;
inline constexpr size_t kAttributesMax = 64;
inline constexpr size_t kAttributeKeyBytesMax = 64;
inline constexpr size_t kBlockingItemsMax = 100;         // Autopilot's
inline constexpr size_t kErrorMessageCharsMax = 10'000;  // Autopilot's
inline constexpr size_t kDeviceNameCharsMax = 15;        // NetBIOS
inline constexpr int kNameDrawsMax = 64;                 // for a name that is free
inline constexpr auto kEspTimeoutDefault = 60min;
inline constexpr auto kEspTimeoutMax = 1440min;
inline constexpr auto kEspHybridExtra = 40min;

// --- flows (server) ---
inline constexpr auto kDeadlineWatchInterval = 10s;
// After a run's limit, for teardown and for an agent that ends it itself to be heard.
inline constexpr auto kRunOverdueGrace = kTeardownTimeoutMax + 10min;
inline constexpr int kDeviceMarksMax = 2000;    // changes of state and contact kept; the oldest go
inline constexpr size_t kTokenPlacesTold = 64;  // of a queue at every move; others when they renew
inline constexpr auto kTokenRenewEvery = 20s;
inline constexpr auto kTokenLease = 80s;        // a holder or waiter that says nothing is gone
inline constexpr uint32_t kTokensDefault = 10;  // of a class
inline constexpr uint32_t kTokensMax = 10'000;  // that a configuration may give one
inline constexpr auto kSealAgeMax = 24h * 3660;
inline constexpr size_t kSpansPerReportMax = 200'000;  // of a journal; later time is a remainder
inline constexpr int kSealsLookedAtMax = 2000;         // by one call, which may answer with fewer
inline constexpr size_t kTokenClassesMax = 32;
inline constexpr size_t kTokenWaitersMax = 15'000;
inline constexpr auto kAllowNextLifeDefault = 24h * 7;
inline constexpr auto kAllowNextLifeMax = 24h * 90;
inline constexpr auto kUserCodeLife = 24h * 30;   // a parcel may take weeks
inline constexpr int kUserCodeAttemptsMax = 5;    // then a new one must be issued
inline constexpr auto kSealFreshDefault = 90min;  // Autopilot's figures
inline constexpr auto kSealAgeingDefault = 24h * 150;
inline constexpr auto kSealExpiredDefault = 24h * 183;
inline constexpr auto kDeviceAuthorizationsMax = 1000;  // sign-ins under way

// --- diagnostics ---
inline constexpr uint64_t kDiagnosticsBytesMax = 64ull * 1024 * 1024;
inline constexpr size_t kDiagnosticsFilesMax = 1000;
inline constexpr uint64_t kDiagnosticsFileBytesMax = 16ull * 1024 * 1024;     // unpacked, one file
inline constexpr int64_t kDiagnosticsUnpackedBytesMax = 512ll * 1024 * 1024;  // one bundle
inline constexpr size_t kDiagnosticsPathBytesMax = 255;                       // in a bundle
inline constexpr size_t kDiagnosticsFactBytesMax = 512 * 1024;        // of one command's output
inline constexpr size_t kDiagnosticsTargetLogBytesMax = 1024 * 1024;  // the end of one log
inline constexpr size_t kDiagnosticsRunsMax = 5;                      // the newest
inline constexpr size_t kDiagnosticsNoteBytesMax = 16 * 1024;  // what the server keeps beside one
inline constexpr size_t kDiagnosisEvidenceMax = 8;             // per rule; more says no more
inline constexpr size_t kDiagnosisTextBytesMax = 300;          // one piece of evidence
inline constexpr uint32_t kDiagnosticsBurst = 3;               // asked for by one device
inline constexpr auto kDiagnosticsEvery = 20s;                 // then once in this time
inline constexpr size_t kDiagnosticsBundlesKept = 10;          // per device
inline constexpr auto kDiagnosticsLifeDefault = 24h * 28;      // Autopilot's

// --- server threads ---
inline constexpr size_t kWorkerThreads = 8;        // blocking handlers; they wait on the disk
inline constexpr size_t kWorkerQueueMax = 4096;    // calls waiting for a worker
inline constexpr size_t kPasswordHashThreads = 2;  // 64 MiB each

// --- device session ---
inline constexpr size_t kEventBatchMax = 256;        // rows in one ack
inline constexpr size_t kEventBytesMax = 16 * 1024;  // a quote and its signature fit 20 times
inline constexpr uint64_t kEventsPerRunMax = 1'000'000;
inline constexpr size_t kSessionOutboxMax = 64;       // messages waiting for one device
inline constexpr size_t kUnackedBatchesMax = 8;       // batches a device may have in flight
inline constexpr size_t kDeviceSessionsMax = 15'000;  // descriptors are limited to 20 000
inline constexpr auto kHeartbeatInterval = 5s;
inline constexpr auto kSilenceAfter = 15s;       // three heartbeats missed
inline constexpr auto kSealConfirmWithin = 60s;  // from SealArmed acked to the stream closed

// --- device session (agent) ---
inline constexpr size_t kOrderQueueMax = 16;    // orders waiting on the device; resent after Hello
inline constexpr auto kReconnectFirst = 200ms;  // doubled up to kReconnectLongest
inline constexpr auto kReconnectLongest = 10s;
inline constexpr auto kEnrollRetryLongest = 60s;  // a refused device asks again this often
inline constexpr auto kLeftoverKillWithin = 10s;  // for a killed agent's steps to be gone
inline constexpr auto kBlockedRetry = 30s;        // a blocked device asks whether it still is
inline constexpr auto kWelcomeWithin = 15s;
inline constexpr auto kSteadySessionAfter = 5s;  // lived this long: the next pause is short again
inline constexpr auto kGoodbyeWithin = 10s;      // for the server to close after our last word
inline constexpr int kGoodbyesMax = 5;           // tries to be heard before the power goes off
inline constexpr auto kStreamEndWithin = 2s;     // for the reason of a broken stream to arrive
inline constexpr auto kIdentityRefusedAfter = 30s;  // handshakes fail though the server is there
inline constexpr size_t kEventBatchBytesMax = 1024 * 1024;  // well inside a gRPC message

inline constexpr std::chrono::milliseconds kKeepaliveInterval = 20s;  // HTTP/2 pings on idle links
inline constexpr std::chrono::milliseconds kKeepaliveTimeout = 10s;
inline constexpr size_t kGrpcMessageBytesMax = 8 * 1024 * 1024;  // an import of kImportRowsMax rows
inline constexpr std::chrono::milliseconds kDrainWithin = 5s;    // then calls are cut

// --- spool (agent) ---
inline constexpr uint64_t kSpoolBytesMax = 256ull * 1024 * 1024;

inline constexpr uint64_t kSpoolSegmentBytes = 1024 * 1024;  // freed by the ack in pieces this big
inline constexpr auto kSpoolFullRetry = 1s;  // somebody else may have made room on the disk
inline constexpr size_t kSpoolRecordBytesMax = 64 * 1024;  // an event, its key and its frame

// --- target (agent) ---
inline constexpr int kTargetOpenRetriesMax = 32;  // a path that is renamed under us
inline constexpr size_t kArchiveEntriesMax = 1'000'000;
inline constexpr uint64_t kArchiveReceiptBytesMax = 512ull * 1024 * 1024;

// --- processes ---
inline constexpr auto kProcessDrainMax = 1s;  // for output left in a pipe after the end

// --- artefacts ---
inline constexpr uint64_t kArtifactBytesMax = 64ull * 1024 * 1024 * 1024;
inline constexpr size_t kArtifactChunkBytes = 256 * 1024;

// --- enrolment and TPM ---
inline constexpr size_t kEvidenceBytesMax = 2 * 1024 * 1024;
inline constexpr size_t kChallengeBytesMax = 8 * 1024;  // S0, and S2 with its encrypted secret
// A signed record: evidence in base64 twice over, and an eighth of that for the policy's text.
inline constexpr size_t kEvidenceRecordBytesMax = 6 * 1024 * 1024;
inline constexpr size_t kEvidenceFindingsMax = 1024;         // checks, and facts of an event log
inline constexpr size_t kEvidenceTrustCertificatesMax = 64;  // that one EK certificate leads to
inline constexpr size_t kEvidenceFileBytesMax = 1024 * 1024 * 1024;  // 10 000 real records
inline constexpr size_t kEkCertificateBytesMax = 8 * 1024;
inline constexpr size_t kEkChainCertificatesMax = 8;
inline constexpr size_t kEkChainDepthMax = 5;
inline constexpr size_t kEkSignatureChecksMax = 64;  // a device may not make us search for ever
inline constexpr size_t kPcrValuesMax = 4 * 24;      // four banks, all PCRs
inline constexpr size_t kEventLogBytesMax = 1024 * 1024;
inline constexpr size_t kEventLogEventsMax = 4096;            // real logs: up to 204
inline constexpr size_t kEventLogEventBytesMax = 256 * 1024;  // real events: up to 36 KiB
inline constexpr size_t kSignatureListEntriesMax = 4096;      // a current dbx holds some 430 hashes
inline constexpr size_t kShownBytesMax = 256;                 // of one text out of an event log
inline constexpr int kEventTagDepthMax = 4;                   // nested Windows event containers
inline constexpr size_t kDevicePathNodesMax = 64;             // real boot entries have under 10
inline constexpr size_t kBootFactsMax = 512;                  // texts kept of one kind
inline constexpr size_t kTpmStructureBytesMax = 4096;
inline constexpr size_t kNonceBytes = 32;
inline constexpr size_t kMacAddressesMax = 16;  // a server board with all its ports
inline constexpr size_t kIdentityFileBytesMax = 256 * 1024;
inline constexpr size_t kKeyUniqueBytes = 32;  // unique field of our key templates
inline constexpr int kPcrReadRoundsMax = 64;   // TPM2_PCR_Read gives at most 8 values a round
inline constexpr int kTpmReopensMax = 6;       // reconnects per command after a transport error
inline constexpr auto kTpmReopenPause = 50ms;  // doubled each time: 3 s in all
inline constexpr uint32_t kDeviceKeyHandlesMax = 8;  // others' keys seen in a row: never that many
inline constexpr auto kTpmProgressInterval = 10s;    // RSA keys take over a minute on some chips
inline constexpr auto kTpmAnswerWithin = 300s;       // then the chip hangs; 120 s were seen
inline constexpr int kEnrollResumesMax = 5;          // asking again for a result that was lost
inline constexpr size_t kSessionIdBytes = 16;
inline constexpr auto kEnrollmentSessionMax = 180s;  // slow discrete TPMs take tens of seconds
inline constexpr size_t kEnrollmentsInFlightMax = 256;
inline constexpr size_t kEnrollmentAnswersKept = 1024;  // for devices that did not hear theirs
inline constexpr auto kEnrollmentAnswerLife = 10min;
inline constexpr auto kStationCertificateLife = 24h * 30;
inline constexpr auto kDeviceCertificateLife = 24h * 365;
inline constexpr auto kDeviceCertificateLifeMin = 10min;  // below it, all a device does is renew
inline constexpr auto kRenewalAgainAfter = 5min;     // refused, lost, or due again: not at once
inline constexpr auto kRenewalBusyAgainAfter = 10s;  // a run is on
inline constexpr size_t kRenewalsPerTickMax = 16;    // a floor that was enrolled in a day
inline constexpr auto kRenewalAnswerWithin = 2min;   // discrete TPMs take seconds
inline constexpr auto kCrlRetryAfter = 1min;
inline constexpr auto kCrlRefreshAfter = 24h;  // a new list long before the old one ends
inline constexpr auto kClockSkewMax = 24h;     // a vendor's notBefore may lie this far ahead

// --- records and people ---
inline constexpr uint32_t kAttestationAttemptsMax = 3;  // Autopilot's rule; then a person looks
inline constexpr size_t kReasonBytesMax = 512;          // why a person did it: a sentence or two
inline constexpr int kEkProposalsMax = 8;               // per device and kind; the oldest go
inline constexpr size_t kListedEksMax = 1'000'000;      // endorsement keys on all lists
inline constexpr uint32_t kOrderCodeUsesMax = 10'000;
inline constexpr auto kOrderCodeLifeMax = 24h * 90;
inline constexpr size_t kOrderCodeTextMax = 64;  // as typed, with dashes
inline constexpr int kGoldenProposalsMax = 32;   // variants of one model waiting for people
inline constexpr auto kConfirmWithin = 10min;    // from a certificate to its first use
// A power cut over, a whole floor enrols at once, maybe through one router: that must pass. A
// device that loops must not.
inline constexpr uint32_t kEnrollmentsPerPeerBurst = 1000;
inline constexpr auto kEnrollmentsPerPeerEvery = 50ms;  // and steadily
inline constexpr uint32_t kEnrollmentsPerStationBurst = 2000;
inline constexpr auto kEnrollmentsPerStationEvery = 10ms;
inline constexpr size_t kRateLimitKeysMax = 4096;  // places remembered at once

// --- keys, certificates, signatures ---
inline constexpr size_t kPrivateKeyPemBytesMax = 16 * 1024;
inline constexpr size_t kCertificateBytesMax = 16 * 1024;      // largest EK certificate seen: 2 KiB
inline constexpr size_t kLintFileBytesMax = 8 * 1024 * 1024;   // a file of evidence: a PEM bundle
inline constexpr size_t kLintFilesMax = 100'000;               // in one run of lint
inline constexpr size_t kPemBundleBytesMax = 8 * 1024 * 1024;  // all known TPM vendor CAs: 0.4 MiB
inline constexpr size_t kJwsBytesMax = 256 * 1024;             // a birth certificate of 256 steps
inline constexpr size_t kJwsChainCertificatesMax = 4;          // leaf, and room for CAs between
inline constexpr auto kCaCertificateLife = 24h * 365 * 20;     // outlives the devices
inline constexpr auto kServerCertificateLife = 24h * 397;      // browsers refuse more than 398 days
inline constexpr auto kSealSignerCertificateLife = 24h * 365 * 10;
inline constexpr auto kCertificateBackdate = 1h;  // bench clocks may lag this far
inline constexpr size_t kHardwareSerialBytesMax =
    256;  // maker, key id and serial of an EK certificate
inline constexpr size_t kUrlBytesMax = 1024;
inline constexpr size_t kCaGenerationsMax = 64;    // issuing keys one authority ever had
inline constexpr size_t kCrlEntriesMax = 100'000;  // 4 MiB of list
inline constexpr size_t kCrlBytesMax = 8 * 1024 * 1024;
inline constexpr auto kCrlLife = 24h * 7;    // a server may be down over the holidays
inline constexpr size_t kPinBytesMax = 256;  // of a PKCS#11 token

// --- trust bundle and policy ---
inline constexpr size_t kRevocationEntriesMax = 200'000;         // of a maker's revocation list
inline constexpr size_t kTrustAnchorsMax = 8192;                 // Microsoft's list has some 2 000
inline constexpr size_t kTrustListsMax = 256;                    // revocation lists in one bundle
inline constexpr size_t kTrustBundleBytesMax = 7 * 1024 * 1024;  // must fit one gRPC message
inline constexpr size_t kTrustArchiveBytesMax = 32 * 1024 * 1024;
inline constexpr size_t kTrustArchiveEntriesMax = 20'000;
inline constexpr size_t kVendorBytesMax = 64;
inline constexpr size_t kTrustReasonBytesMax = 256;
inline constexpr size_t kPolicyBytesMax = 256 * 1024;
inline constexpr size_t kPolicyListMax = 1024;     // entries of one list in a policy
inline constexpr size_t kEkCacheImportMax = 4096;  // certificates in one call

// --- store ---
inline constexpr auto kRequestIdLife = 24h;         // how long a request_id is remembered
inline constexpr int kAttestationsKeptMax = 10;     // per device
inline constexpr size_t kWriteQueueMax = 4096;      // jobs waiting for the writer
inline constexpr size_t kGroupCommitMax = 512;      // jobs in one transaction
inline constexpr size_t kReaderConnectionsMax = 4;  // reads at once; the rest wait their turn
inline constexpr auto kSqlBusyTimeout = 5s;         // a backup may hold the lock for a moment
inline constexpr int kSqlCheckpointPages = 4096;    // 16 MiB of WAL, then it is copied back
inline constexpr int64_t kSqlWalBytesKept = 64ll * 1024 * 1024;  // a longer WAL is cut when idle
inline constexpr int kPageSizeMax = 1000;
inline constexpr int kImportRowsMax = 20'000;

// --- web and API ---
inline constexpr size_t kHttpHeaderBytesMax = 32 * 1024;
inline constexpr size_t kHttpBodyBytesMax = 8 * 1024 * 1024;
inline constexpr size_t kHttpConnectionsMax = 1000;
inline constexpr size_t kHttpBodyBytesInFlightMax = 256 * 1024 * 1024;  // of all requests together
inline constexpr size_t kHttpStreamsPerConnectionMax = 100;             // what browsers expect
inline constexpr size_t kHttpPipelineBytesMax = 16 * 1024;  // read ahead of a running request
inline constexpr size_t kHttpWriteBytes = 64 * 1024;        // one write; also the send buffer
inline constexpr size_t kHttpQueueHighWater = 64 * 1024;    // a producer pauses above this ...
inline constexpr size_t kHttpQueueLowWater = 32 * 1024;     // ... and goes on below this
inline constexpr auto kHttpHeaderTimeout = 15s;             // handshake; each request's header
inline constexpr auto kHttpIdleTimeout = 120s;              // between requests; each request's body
inline constexpr auto kHttpStallTimeout = 30s;              // a client that reads nothing
inline constexpr auto kHttpLingerTimeout = 2s;              // to let the last answer arrive
inline constexpr uint64_t kHttpResetBurst = 200;            // streams a client may abort at once
inline constexpr uint64_t kHttpResetsPerSecond = 33;    // and steadily; else the connection ends
inline constexpr size_t kGatewayCallsMax = 4000;        // running through the gateway
inline constexpr auto kGatewayUnaryDeadline = 60s;      // where the client names none
inline constexpr auto kGatewayDeadlineMax = 24h;        // a watch reconnects after a day
inline constexpr size_t kMetadataValueBytesMax = 4096;  // one forwarded header value
inline constexpr int kJsonDepthMax = 64;                // our deepest message nests 5
inline constexpr size_t kWatchersMax = 500;
inline constexpr auto kWatchInterval = 100ms;  // at most ten deltas a second per watcher
inline constexpr auto kWatchHeartbeat = 5s;    // a watcher hears at least this often
inline constexpr int kWatchBatchMax = 500;     // devices in one message
inline constexpr size_t kPasswordBytesMin = 12;
inline constexpr size_t kPasswordBytesMax = 256;
inline constexpr int kLoginFailuresMax = 10;  // per user in kLoginFailureWindow
inline constexpr auto kLoginFailureWindow = 5min;
inline constexpr auto kSessionLife = 12h;  // one shift
inline constexpr auto kApiTokenLifeMax = 24h * 366;
inline constexpr size_t kPasswordHashQueueMax = 16;
inline constexpr size_t kConfigBytesMax = 1024 * 1024;

// --- signing in at an identity provider ---
inline constexpr auto kSignInConnectWithin = 5s;
inline constexpr auto kSignInRequestWithin = 10s;  // one HTTPS request, connection included
inline constexpr size_t kSignInAnswerBytesMax = 256 * 1024;  // the largest key sets have 30 KiB
inline constexpr auto kSignInMetadataLife = 1h;              // then it is asked for again
inline constexpr auto kSignInCodeLifeMax = 1h;               // providers give 5 to 30 minutes
inline constexpr auto kSignInIntervalDefault = 5s;           // RFC 8628 where the answer has none
inline constexpr auto kSignInIntervalMax = 60s;              // a longer one would look like a hang
inline constexpr size_t kUserCodeBytesMax = 64;              // a person types it
inline constexpr size_t kDeviceCodeBytesMax = 4096;
inline constexpr size_t kIdTokenBytesMax = 64 * 1024;
inline constexpr auto kIdTokenClockLeeway = 60s;  // the provider's clock against ours
inline constexpr size_t kSubjectBytesMax = 255;   // OpenID Connect Core, "ID Token"
inline constexpr size_t kClientSecretBytesMax = 1024;
inline constexpr size_t kRsaBitsMin = 2048;     // RFC 7518, RS256
inline constexpr size_t kProviderKeysMax = 64;  // in one key set
inline constexpr size_t kSignInScopesMax = 16;
inline constexpr size_t kSignInThreads = 4;        // each waits for one request
inline constexpr size_t kSignInQueueMax = 1000;    // requests waiting for one; asked again later
inline constexpr uint32_t kSignInBeginBurst = 3;   // by one device, then
inline constexpr auto kSignInBeginEvery = 20s;     // one in this time
inline constexpr int kServiceRecordsPerTick = 50;  // signed at a time

// --- agent's screen ---
inline constexpr size_t kScreenLogLinesMax = 50;           // more never fits a screen
inline constexpr auto kScreenRedrawInterval = 100ms;       // ten redraws a second
inline constexpr uint32_t kPlainProgressPercentStep = 10;  // plain output: no line for less
inline constexpr size_t kTypedBytesMax = 1024;             // one line from the keyboard
inline constexpr auto kScreenNoticeLife = 30s;             // then the footer is the run's again

// --- user flow (agent) ---
inline constexpr auto kShutdownWithin = 5min;        // from "systemctl reboot" to our own end
inline constexpr auto kFirstBootAgain = 30s;         // refused without a person to ask
inline constexpr size_t kWirelessNameBytesMax = 32;  // IEEE 802.11, SSID
inline constexpr size_t kWirelessKeyBytesMin = 8;    // WPA passphrase
inline constexpr size_t kWirelessKeyBytesMax = 63;   // likewise
inline constexpr size_t kAnswersFileBytesMax = 64 * 1024;

// --- command line ---
inline constexpr size_t kCliFileBytesMax = 32 * 1024 * 1024;  // 20 000 rows of the longest fields
inline constexpr auto kCliConnectTimeout = 5s;
inline constexpr auto kCliCallTimeout = 30s;      // a unary call; imports are one transaction
inline constexpr auto kCliStreamTimeout = 1h;     // a watch is opened again, with its cursor
inline constexpr auto kCliReconnectWithin = 60s;  // a restart of the server in mid-watch
inline constexpr size_t kCliDevicesMax = 20'000;  // one listing held in memory

}  // namespace preseal
