// SPDX-License-Identifier: Apache-2.0
// The rules, most certain first. A new one needs an example and a near miss in diagnosis_test.cc.
#include "server/domain/diagnosis/diagnosis.h"
#include "server/domain/diagnosis/trouble.h"

namespace preseal::server {
namespace {

using std::string_view;

constexpr string_view kDiskFullOnTargetCodes[] = {"TARGET_FULL"};
constexpr string_view kDiskFullOnTargetTexts[] = {"no space left on device", "disk quota exceeded",
                                                  "you don't have enough free space"};
constexpr string_view kArtifactDigestMismatchCodes[] = {"ARTIFACT_DIGEST_MISMATCH"};
constexpr string_view kJoinRefusedCodes[] = {"JOIN_REFUSED"};
constexpr string_view kSealedBeforeRefusals[] = {"ONE_TIME_LIMIT"};
constexpr string_view kJoinUnavailableCodes[] = {"JOIN_UNAVAILABLE"};
constexpr string_view kRebootLoopCodes[] = {"REBOOT_BUDGET", "REBOOT_UNPLANNED"};
constexpr string_view kPromptUnansweredCodes[] = {"PROMPT_UNANSWERED"};
constexpr string_view kTpmNotTrustedRefusals[] = {"EK_", "TPM_", "TRUST_MODEL", "LAB_REFUSED",
                                                  "APPROVAL_PENDING"};
constexpr string_view kBootStateRefusedRefusals[] = {"PCR_", "BOOT_", "EVENTLOG_"};
constexpr string_view kDeviceNotRegisteredRefusals[] = {"UNKNOWN_DEVICE", "AMBIGUOUS_SERIAL",
                                                        "JUNK_SERIAL"};
constexpr string_view kPackageManagerLockedCodes[] = {"INSTALLER_BUSY"};
constexpr string_view kPackageManagerLockedTexts[] = {
    "could not get lock /var/lib/", "unable to acquire the dpkg", "is locked by another process",
    "waiting for cache lock"};
constexpr string_view kPackageDependencyMissingTexts[] = {
    "unmet dependencies", "dependency problems", "depends on but it is not",
    "however it is not installed", "but it is not going to be installed"};
constexpr string_view kClockOffTexts[] = {"certificate is not yet valid", "is not valid yet",
                                          "clock skew too great", "certificate not yet valid"};
constexpr string_view kTlsInterceptedTexts[] = {
    "self signed certificate in certificate chain", "self-signed certificate in certificate chain",
    "unable to get local issuer certificate", "certificate issuer is unknown"};
constexpr string_view kNameNotResolvedTexts[] = {
    "temporary failure in name resolution", "could not resolve host", "name or service not known",
    "temporary failure resolving"};
constexpr string_view kProxyRefusesTexts[] = {
    "proxy authentication required", "from proxy after connect", "proxy connect aborted",
    "could not resolve proxy", "could not connect to proxy"};
constexpr string_view kOutOfMemoryTexts[] = {"out of memory", "cannot allocate memory",
                                             "std::bad_alloc"};
constexpr string_view kUserAccountMissingTexts[] = {
    "nobody has signed in whose step this could be", "this device has no account",
    "is no name of an account", "is the system's own, not a user's"};
constexpr string_view kProgramMissingCodes[] = {"STEP_NOT_STARTED"};
constexpr string_view kStepStalledCodes[] = {"STEP_STALLED"};
constexpr string_view kAttestationTooSlowRefusals[] = {"SESSION_EXPIRED", "ACTIVATION_EXPIRED"};
constexpr string_view kTimedOutCodes[] = {"STEP_TIMEOUT", "STEP_TOTAL_TIMEOUT", "PHASE_TIMEOUT",
                                          "RUN_TIMEOUT"};
constexpr string_view kTokenWaitTooLongCodes[] = {"TOKEN_TIMEOUT"};
constexpr string_view kContentUnavailableCodes[] = {"ARTIFACT_UNAVAILABLE"};
constexpr string_view kProfileDoesNotFitCodes[] = {"PLAN_INVALID", "REQUIRES_FAILED"};

constexpr DiagnosisRule kRules[] = {
    {.name = "DISK_FULL_ON_TARGET",
     .when = "an item failed with `TARGET_FULL`, or an item in trouble says that no space is left",
     .cause = "The device's disk, or the agent's own, is full.",
     .next_step =
         "Check that the disk was erased and is as large as the profile needs; see `facts/df.txt`"
         " in the bundle; then retry.",
     .confidence = 95,
     .item_codes = kDiskFullOnTargetCodes,
     .texts = kDiskFullOnTargetTexts},
    {.name = "ARTIFACT_DIGEST_MISMATCH",
     .when = "an item failed with `ARTIFACT_DIGEST_MISMATCH`",
     .cause = "What the device received is not the content that the plan names.",
     .next_step =
         "Retry once; if it happens again, upload the artefact anew and apply the profile; look "
         "for a proxy that changes content.",
     .confidence = 95,
     .item_codes = kArtifactDigestMismatchCodes},
    {.name = "JOIN_REFUSED",
     .when = "an item failed with `JOIN_REFUSED`",
     .cause = "The directory refused to make or reset the computer account.",
     .next_step =
         "Read the item's message; check the join account's rights, the organisational unit and "
         "whether the name is taken; then retry.",
     .confidence = 95,
     .item_codes = kJoinRefusedCodes},
    {.name = "SEALED_BEFORE",
     .when = "the enrolment was refused with `ONE_TIME_LIMIT`",
     .cause = "The device was sealed before and may not be enrolled again.",
     .next_step = "Allow the next enrolment by name and reason, if it should be.",
     .confidence = 95,
     .refusals = kSealedBeforeRefusals},
    {.name = "JOIN_UNAVAILABLE",
     .when = "an item failed with `JOIN_UNAVAILABLE`",
     .cause = "The server could not reach the directory.",
     .next_step = "Check the server's way to a domain controller and its DNS; then retry.",
     .confidence = 90,
     .item_codes = kJoinUnavailableCodes},
    {.name = "REBOOT_LOOP",
     .when =
         "an item failed with `REBOOT_BUDGET` or `REBOOT_UNPLANNED`, or the run was cut short by "
         "two unplanned restarts",
     .cause = "The device restarts again and again.",
     .next_step =
         "If an item asks for it, correct its exit code map; if none does, check power, heat and "
         "memory; see `facts/dmesg.txt`.",
     .confidence = 90,
     .item_codes = kRebootLoopCodes,
     .find = RestartsAgainAndAgain},
    {.name = "PROMPT_UNANSWERED",
     .when = "an item failed with `PROMPT_UNANSWERED`, or a question has been open for 5 minutes",
     .cause = "The run waits for a person's answer.",
     .next_step =
         "Answer at the device or on the server; if nobody should be asked, give the step a "
         "default.",
     .confidence = 90,
     .item_codes = kPromptUnansweredCodes,
     .find = WaitsForAnswer},
    {.name = "TPM_NOT_TRUSTED",
     .when = "the attestation was refused because of the EK certificate or the TPM's make",
     .cause = "The device's TPM is not one that your trust settings accept.",
     .next_step =
         "Compare what was seen with the maker's root certificates; import the missing root or "
         "the device's EK; a virtual TPM needs a lab.",
     .confidence = 90,
     .refusals = kTpmNotTrustedRefusals},
    {.name = "BOOT_STATE_REFUSED",
     .when = "the attestation was refused because of PCR values, the event log or the boot policy",
     .cause = "The device booted something that the policy does not allow.",
     .next_step =
         "Switch Secure Boot on, update firmware and its revocation list, or learn the new golden"
         " values; then attest again.",
     .confidence = 90,
     .refusals = kBootStateRefusedRefusals},
    {.name = "DEVICE_NOT_REGISTERED",
     .when = "the enrolment was refused because no single record fits the device",
     .cause = "The server has no record that is surely this device's.",
     .next_step =
         "Import the device with its serial number as the firmware tells it, or bind it by hand.",
     .confidence = 90,
     .refusals = kDeviceNotRegisteredRefusals},
    {.name = "PACKAGE_MANAGER_LOCKED",
     .when = "an item in trouble says that the package database is locked, or failed with "
             "`INSTALLER_BUSY`",
     .cause = "Another installation holds the package manager's lock.",
     .next_step =
         "Look for automatic updates or a step that left a process; put both steps behind the "
         "installer lock; then retry.",
     .confidence = 85,
     .item_codes = kPackageManagerLockedCodes,
     .texts = kPackageManagerLockedTexts},
    {.name = "PACKAGE_DEPENDENCY_MISSING",
     .when = "an item in trouble says that a dependency is not met",
     .cause = "A package needs another one that is not installed.",
     .next_step =
         "Add the missing package as an item before this one, or bring the image up to date; then"
         " retry.",
     .confidence = 85,
     .texts = kPackageDependencyMissingTexts},
    {.name = "CLOCK_OFF",
     .when =
         "the device's clock was 5 minutes or more off the server's, or an item in trouble says "
         "that something is not valid yet",
     .cause = "The device's clock is wrong, so that certificates and package lists are refused.",
     .next_step =
         "Set the clock in the firmware, check its battery, or give the bench a time server; then"
         " retry.",
     .confidence = 85,
     .texts = kClockOffTexts,
     .find = ClockIsOff},
    {.name = "USER_ACCOUNT_MISSING",
     .when = "an item in trouble says that there is no account to run it as",
     .cause = "A step of the user has no account on the device that is surely the user's.",
     .next_step =
         "Make the account, or join its directory, in a device item; where accounts are named "
         "without the domain, name that in `/etc/preseal/account-domains`; then retry.",
     .confidence = 85,
     .texts = kUserAccountMissingTexts},
    {.name = "TLS_INTERCEPTED",
     .when = "an item in trouble says that a certificate's issuer is unknown",
     .cause =
         "A server shows a certificate whose issuer the device does not know; often a proxy that "
         "opens TLS.",
     .next_step =
         "Add the issuer's root in a certificate item that comes before, or let the bench's "
         "network pass such traffic unopened.",
     .confidence = 80,
     .texts = kTlsInterceptedTexts},
    {.name = "NAME_NOT_RESOLVED",
     .when = "an item in trouble says that a name could not be resolved",
     .cause = "The device cannot resolve names.",
     .next_step = "Check DNS in the bench's DHCP and in the profile's network items; see "
                  "`facts/resolver.txt`.",
     .confidence = 80,
     .texts = kNameNotResolvedTexts},
    {.name = "PROXY_REFUSES",
     .when = "an item in trouble says that a proxy refuses it",
     .cause = "The proxy refuses or cannot be reached.",
     .next_step =
         "Check the proxy's address and whether it asks for a password; see `facts/resolver.txt`.",
     .confidence = 80,
     .texts = kProxyRefusesTexts},
    {.name = "OUT_OF_MEMORY",
     .when = "an item in trouble says that memory ran out",
     .cause = "The device's memory does not suffice for the step.",
     .next_step = "Check that all modules are seen; let fewer steps run at once (max_in_flight).",
     .confidence = 80,
     .texts = kOutOfMemoryTexts},
    {.name = "PROGRAM_MISSING",
     .when = "an item failed with `STEP_NOT_STARTED`, or a command ended with exit code 127",
     .cause = "A program that the step calls is not there.",
     .next_step =
         "Add the package to the image or as an item before this one, or correct the command's "
         "path.",
     .confidence = 80,
     .item_codes = kProgramMissingCodes,
     .find = ProgramMissing},
    {.name = "STEP_STALLED",
     .when = "an item failed with `STEP_STALLED`, or stalls now",
     .cause = "A step says nothing and makes no progress.",
     .next_step =
         "Read its last lines; it may wait for input: make it non-interactive; else raise its "
         "stall timer.",
     .confidence = 80,
     .item_codes = kStepStalledCodes,
     .find = Stalls},
    {.name = "ATTESTATION_TOO_SLOW",
     .when = "the attestation was refused because its session or challenge had ended",
     .cause = "The TPM or the network took longer than the session may last.",
     .next_step =
         "Retry; if it happens again, update the TPM's firmware and check the bench's network for"
         " loss.",
     .confidence = 75,
     .refusals = kAttestationTooSlowRefusals},
    {.name = "TIMED_OUT",
     .when =
         "an item failed with a timeout, or the run timed out; the evidence names the item that "
         "took the time",
     .cause = "Something took longer than it may.",
     .next_step =
         "Look at the item that took the time, not the one that was cut off; mend it, or raise "
         "the limit in the profile.",
     .confidence = 75,
     .item_codes = kTimedOutCodes,
     .find = RanOutOfTime},
    {.name = "TOKEN_WAIT_TOO_LONG",
     .when = "an item failed with `TOKEN_TIMEOUT`, or has waited 15 minutes for a token",
     .cause = "Too many devices want to download at once.",
     .next_step =
         "Start fewer devices together, or raise the number of tokens of this class if the "
         "network bears it.",
     .confidence = 75,
     .item_codes = kTokenWaitTooLongCodes,
     .find = WaitsLongForToken},
    {.name = "CONTENT_UNAVAILABLE",
     .when = "an item failed with `ARTIFACT_UNAVAILABLE`",
     .cause = "The device could not fetch content from the server in time.",
     .next_step =
         "Check the bench's network and the server's load; upload the artefact if the server "
         "lacks it; then retry.",
     .confidence = 75,
     .item_codes = kContentUnavailableCodes},
    {.name = "DEVICE_OFFLINE",
     .when = "the device has not been heard of for 10 minutes while its run goes on",
     .cause = "The device lost its network or its power.",
     .next_step =
         "Look at the device: is it on, is the cable in, does its screen show the server's "
         "address? The run goes on when it is back.",
     .confidence = 75,
     .find = DeviceOffline},
    {.name = "PROFILE_DOES_NOT_FIT",
     .when = "an item failed with `PLAN_INVALID` or `REQUIRES_FAILED`, or half of the device setup "
             "does not apply to the device",
     .cause = "The device may have another model's profile.",
     .next_step =
         "Ask `preseal plan` why this profile won; correct the group's rule or the device's group"
         " tag.",
     .confidence = 60,
     .item_codes = kProfileDoesNotFitCodes,
     .find = MostDoesNotApply},
    {.name = "MANY_ATTEMPTS",
     .when = "an item is at its third attempt or beyond",
     .cause = "An item works only now and then.",
     .next_step =
         "Compare the attempts in its log; what it depends on is not ready when it runs: add an "
         "`after`, or raise its back-off.",
     .confidence = 60,
     .find = ManyAttempts},
    {.name = "SETUP_VERY_LONG",
     .when = "device setup takes an hour or more",
     .cause = "Device setup takes far longer than it should.",
     .next_step =
         "Begin with the longest item; take out of the blocking list what need not hold the seal.",
     .confidence = 50,
     .find = SetupIsVeryLong},
    {.name = "SLOW_APP",
     .when = "an app took more than 10 minutes",
     .cause = "An app takes long to install.",
     .next_step = "Put it into the image, or make it a background item.",
     .confidence = 40,
     .find = SlowApps},
    {.name = "SETUP_LONG",
     .when = "device setup takes half an hour or more",
     .cause = "Device setup takes longer than usual.",
     .next_step = "Begin with the longest item.",
     .confidence = 30,
     .find = SetupIsLong},
};

}  // namespace

std::span<const DiagnosisRule> DiagnosisRules() { return kRules; }

}  // namespace preseal::server
