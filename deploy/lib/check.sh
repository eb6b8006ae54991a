# SPDX-License-Identifier: Apache-2.0
# deploy/demo --check: runs the bench to the end and asks the public API whether all of it is true.
# Sourced by deploy/demo.
expected_sealed=$((devices - 1))
restarts=0

# tiles FILTER: the devices of the order as JSON, through a jq filter.
tiles() {
  local list
  list=$(preseal devices list --batch PO-7 --output json) || { say "cannot list the devices of PO-7"; return 1; }
  jq -r "[.devices[]] | $1" <<<"$list"
}
# counted N FILTER: exactly N devices pass the filter.
counted() { [ "$(tiles "map(select($2)) | length" 2>/dev/null)" = "$1" ]; }
at_least() { [ "$(tiles "map(select($2)) | length" 2>/dev/null || echo 0)" -ge "$1" ]; }
in_state() { printf '.state == "DEVICE_STATE_%s"' "$1"; }

refused='.failure.code == "EK_CHAIN_UNTRUSTED" and .enrolled == false'
failed_item='.failure.itemId == "burn-in" and .state == "DEVICE_STATE_FAILED"'

serial_of() { printf 'SIM-%04d' "$1"; }
asking=$(serial_of "$asking_slot") cut=$(serial_of "$cut_slot")
in_service=0 drifted=0

run_check() {
  local started=$SECONDS
  say "1/8 waiting for $expected_sealed devices to enrol and one to be refused"
  until_true 60 "the devices to enrol" counted "$expected_sealed" "$(in_state ENROLLED)"
  until_true 30 "the untrusted TPM to be refused" counted 1 "$refused"
  check_plan

  say "2/8 starting the technician flow"
  # shellcheck disable=SC2046
  preseal start $(tiles "map(select($(in_state ENROLLED)) | .serialNumber) | join(\" \")") >/dev/null ||
    die "a device could not be started"
  until_true 60 "a run to be half way" at_least 2 "$(in_state PROVISIONING) and .progress.itemsDone >= 1"

  say "3/8 killing the server in mid-run"
  kill_and_restart_server

  say "4/8 waiting for the runs: one asks a person, one fails"
  waive_and_answer
  until_true 120 "the runs to finish" counted $((expected_sealed - 1)) "$(in_state READY_TO_SEAL)"
  until_true 60 "the burn-in to fail" counted 1 "$failed_item"
  check_seal_gate
  local failed
  failed=$(tiles "map(select($failed_item))[0].serialNumber")
  preseal retry "$failed" >/dev/null || die "$failed could not be retried"
  until_true 60 "the retry to succeed" counted "$expected_sealed" "$(in_state READY_TO_SEAL)"

  say "5/8 resealing"
  preseal reseal --batch PO-7 --all-ready --yes >/dev/null || die "the batch could not be resealed"
  until_true 90 "the devices to be sealed" all_sealed

  say "6/8 reading the order as the reseller"
  check_reseller
  say "7/8 verifying birth certificates, evidence and journals"
  local verified lost=0 duplicated=0 retried refusals sealed evidence waived reboots
  verified=$(verify_birth_certificates)
  evidence=$(verify_evidence)
  check_journals
  check_targets
  sealed=$(tiles "map(select($(in_state SEALED))) | length")
  refusals=$(tiles "map(select($refused)) | length")
  retried=$(tiles 'map(select(.run.attempt > 1 and .sealed)) | length')
  waived=$(count_waived)
  reboots=$(count_planned_restarts)
  say "8/8 assigning more and handing one device to its user"
  deliver_one
  say "took $((SECONDS - started)) s"
  local line="sealed=$sealed refused=$refusals retried=$retried waived=$waived reboots=$reboots restarts=$restarts lost=$lost duplicated=$duplicated verified=$verified evidence=$evidence drifted=$drifted in_service=$in_service"
  echo "$line"
  [ "$line" = "sealed=$expected_sealed refused=1 retried=1 waived=1 reboots=$expected_sealed restarts=1 lost=0 duplicated=0 verified=$expected_sealed evidence=$devices drifted=$expected_sealed in_service=1" ] ||
    die "not what this bench must come to"
}

# Why an item is there is said by name.
check_plan() {
  local plan
  plan=$(preseal plan SIM-0002 --output json) || die "no plan for SIM-0002"
  jq -e '.items[] | select(.itemId == "price-list") | .reason | test("sales")' <<<"$plan" >/dev/null ||
    die "the plan does not say that the price list is there for sales: $plan"
}

item_of() { preseal devices show "$1" --output json | jq -e ".items[] | select(.itemId == \"$2\") | $3" >/dev/null 2>&1; }

# A device without card reader, and nobody scans its asset tag: a lead waives, an operator answers.
waive_and_answer() {
  until_true 60 "$asking to miss its card reader" item_of "$asking" card-reader '.state == "ITEM_STATE_FAILED"'
  preseal waive "$asking" card-reader --reason "built without one" >/dev/null || die "the card reader could not be waived"
  until_true 60 "$asking to ask for its asset tag" item_of "$asking" asset-tag '.wait.kind == "KIND_PROMPT"'
  if preseal answer "$asking" asset-tag nonsense >/dev/null 2>&1; then die "an answer that fits no asset tag was taken"; fi
  preseal answer "$asking" asset-tag A-0006 >/dev/null || die "the asset tag could not be answered"
}

# A TPM that lost its power does not vouch for its clock for a while: that device, and no other, may
# be refused with that code, and is asked again, as an operator would.
all_sealed() {
  counted "$expected_sealed" "$(in_state SEALED)" && return
  if counted 1 ".serialNumber == \"$cut\" and .lastCommand.code == \"QUOTE_CLOCK_UNSAFE\" and $(in_state READY_TO_SEAL)"; then
    preseal reseal "$cut" --yes >/dev/null || die "$cut could not be resealed once more"
  fi
  return 1
}

# Devices whose birth certificate names the waiver: by whom, of what, why. No other may hold one.
count_waived() {
  local serial payload count=0
  for serial in $(sealed_serials); do
    payload=$(payload_of "$work/$serial.jws") || die "the birth certificate of $serial cannot be read"
    jq -e '.waivers == []' <<<"$payload" >/dev/null && continue
    [ "$serial" = "$asking" ] || die "the birth certificate of $serial holds a waiver nobody gave"
    jq -e '.waivers | length == 1 and all(.[]; .id == "card-reader" and .reason == "built without one" and .actor != "")' \
      <<<"$payload" >/dev/null || die "the birth certificate of $serial does not tell of its waiver: $payload"
    count=$((count + 1))
  done
  echo "$count"
}

# Restarts that the profile wanted, as the journals have them.
count_planned_restarts() {
  local serial events count=0
  for serial in $(sealed_serials); do
    events=$(preseal events "$serial" --attempt 1 --output json) || die "no journal of $serial"
    if jq -e 'any(.entries[]; .kind == "run-interrupted")' <<<"$events" >/dev/null; then
      count=$((count + 1))
    fi
  done
  echo "$count"
}

kept_record() { preseal service-record SIM-0001 -o "$1" >/dev/null 2>&1; }

# A policy and an app assigned after the seal reach the device in its user's hands, and a record says so.
deliver_one() {
  local code seals home=$work/bench/device-1 record=$work/SIM-0001.service.jws
  preseal apply -f "$work/late/late.yaml" >/dev/null || die "cannot assign after the seal"
  # 1 says that there are some.
  seals=$(preseal seals --drifted --output json) || [ $? = 1 ] || die "the drifted seals cannot be listed"
  drifted=$(jq '.seals | length' <<<"$seals")
  code=$(preseal user-code SIM-0001) || die "no code for the user"
  (umask 077 && printf '{username: user1@example.com, code: %s, items: {asset-tag: A-0001}}\n' "$code" >"$home/answers.new")
  mv "$home/answers.new" "$home/user-answers.yaml"
  until_true 60 "the device to be in service" counted 1 "$(in_state IN_SERVICE)"
  [ -e "$home/target/etc/screen-lock" ] && [ -e "$home/target/opt/company-mail/bin/company-tool" ] ||
    die "what was assigned after the seal is not on the device"
  [ "$(cat "$home/target/home/user1/owner")" = user1@example.com ] || die "account setup did not run for the user"
  # It is signed a moment after the device came into service.
  until_true 15 "the service record" kept_record "$record"
  XDG_CONFIG_HOME="$work/nowhere" "$bin/preseal" verify "$record" --ca "$state/ca/seal-ca.pem" >/dev/null ||
    die "the service record does not verify"
  in_service=$(tiles "map(select($(in_state IN_SERVICE))) | length")
}

# SIGKILL: nothing is flushed that was not durable before.
kill_and_restart_server() {
  kill -KILL "$server_pid"
  wait "$server_pid" 2>/dev/null || true
  start_server
  restarts=$((restarts + 1))
}

# The gate is the server's: asked to reseal a failed device it must refuse and name the item.
check_seal_gate() {
  local serial answer
  serial=$(tiles "map(select($failed_item))[0].serialNumber")
  if answer=$(preseal reseal "$serial" --yes 2>&1); then die "a failed device could be resealed"; fi
  grep -q 'Burn-in test' <<<"$answer" || die "the refusal to reseal does not name the open item: $answer"
}

# One token, one order: by the command line (gRPC) and by curl (Connect JSON); another order is denied.
check_reseller() {
  local token answer name
  printf 'serial,manufacturer,model\nOTHER-0001,Elsewhere,Model 2\n' |
    preseal import - --batch PO-8 >/dev/null || die "cannot import another order"
  token=$(preseal tokens create reseller --role reseller --batch PO-7 --expires-in 1h --output json | jq -r .secret)
  [ "$(PRESEAL_TOKEN=$token preseal batches show PO-7 --output json | jq -r '.total')" = "$devices" ] ||
    die "the reseller's batches show does not count $devices devices"
  answer=$(PRESEAL_TOKEN=$token preseal batches list --output csv)
  [ "$(awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "refused") at = i} $1 == "PO-7" {print $at}' <<<"$answer")" = 1 ] ||
    die "the reseller's batches list does not count one refused device: $answer"
  answer=$(as_reseller "$token" PO-7)
  [ "$(jq -r .refused <<<"$answer")" = 1 ] || die "the reseller's Connect answer does not count one refused device: $answer"
  [ "$(jq -r '.counts[] | select(.state == "DEVICE_STATE_SEALED").count' <<<"$answer")" = "$expected_sealed" ] ||
    die "the reseller's Connect answer is not $expected_sealed sealed: $answer"
  for name in PO-8 PO-9; do
    answer=$(as_reseller "$token" "$name")
    [ "$(jq -r .code <<<"$answer")" = permission_denied ] || die "a reseller may see $name: $answer"
  done
}

as_reseller() {
  curl -sS --cacert "$state/ca/server-ca.pem" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
    -d "{\"name\": \"batches/$2\"}" "$(web_url)/preseal.batch.v1.BatchService/GetBatch"
}

sealed_serials() { tiles 'map(select(.sealed) | .serialNumber) | join(" ")'; }

# payload_of FILE: the middle part of a compact JWS, which is base64url without padding.
payload_of() {
  local part
  part=$(cut -d. -f2 "$1" | tr '_-' '/+')
  while [ $((${#part} % 4)) -ne 0 ]; do part+="="; done
  base64 -d <<<"$part"
}

verify_birth_certificates() {
  local serial count=0
  for serial in $(sealed_serials); do
    preseal birth-certificate "$serial" -o "$work/$serial.jws" >/dev/null || die "no birth certificate for $serial"
    # No server, no session: only the file and the seal authority.
    XDG_CONFIG_HOME="$work/nowhere" "$bin/preseal" verify "$work/$serial.jws" --ca "$state/ca/seal-ca.pem" >/dev/null ||
      die "the birth certificate of $serial does not verify"
    count=$((count + 1))
  done
  echo "$count"
}

# Every decision of the bench, judged again from one file; the server's own walk of its chain too.
# Prints how many devices the file speaks of.
verify_evidence() {
  local file=$work/evidence.jws verdicts
  preseal evidence export --all -o "$file" >/dev/null || die "the evidence cannot be exported"
  # No server, no session: only the file and the seal authority.
  verdicts=$(XDG_CONFIG_HOME="$work/nowhere" "$bin/preseal" evidence verify "$file" --json \
    --signer "$state/ca/seal-ca.pem") || die "the evidence does not verify: $verdicts"
  jq -se 'any(.refusal_code == "EK_CHAIN_UNTRUSTED")' <<<"$verdicts" >/dev/null ||
    die "the evidence does not hold the refusal"
  preseal evidence audit >/dev/null || die "the evidence chain is not whole"
  jq -s '[.[].device | values] | unique | length' <<<"$verdicts"
}

# count_lines REGEX FILE: none is a figure, a file that cannot be read is not.
count_lines() {
  [ -r "$2" ] || die "there is no $2"
  grep -c "$1" "$2" || true
}

# What the device printed and what the server stored must be the same lines, and sequences must be
# 1..n: a missing one is lost, one too many duplicated. The engine's own word on a failed attempt is
# no step's line and is not printed.
check_journals() {
  local slot serial attempt attempts stored printed all
  for slot in $(seq "$devices"); do
    [ "$slot" = "$untrusted_slot" ] && continue
    serial=$(serial_of "$slot")
    stored=0
    attempts=$(tiles "map(select(.serialNumber == \"$serial\"))[0].run.attempt")
    for attempt in $(seq "$attempts"); do
      all=$(preseal events "$serial" --attempt "$attempt" --output json) || die "no journal of $serial"
      jq -e '[.entries[].sequence | tonumber] == [range(1; (.entries | length) + 1)]' <<<"$all" >/dev/null ||
        { lost=$((lost + 1)); say "$serial attempt $attempt: sequences are not 1..n"; }
      stored=$((stored + $(jq '[.entries[] | select(.kind == "log-line" and .itemId != "" and (.text | test("^attempt [0-9]+ of ") | not))] | length' <<<"$all")))
    done
    printed=$(count_lines '^log item=' "$work/bench/device-$slot/agent.log")
    [ "$stored" -ge "$printed" ] || { lost=$((lost + printed - stored)); say "$serial: printed $printed lines, stored $stored"; }
    [ "$stored" -le "$printed" ] || { duplicated=$((duplicated + stored - printed)); say "$serial: printed $printed lines, stored $stored"; }
  done
}

# The scripts note each time they are applied: once an item and attempt, whatever was restarted.
check_targets() {
  local slot item want got
  for slot in $(seq "$devices"); do
    [ "$slot" = "$untrusted_slot" ] && continue
    for item in security-baseline firmware burn-in; do
      want=1
      [ "$item/$slot" = "burn-in/$failing_slot" ] && want=2
      # The plug was pulled while it was applied: its verify said no, so it was applied again.
      [ "$item/$slot" = "security-baseline/$cut_slot" ] && want=2
      got=$(count_lines "^$item\$" "$work/bench/device-$slot/target/var/log/applied")
      [ "$got" -le "$want" ] || { duplicated=$((duplicated + got - want)); say "slot $slot applied $item $got times"; }
      [ "$got" -ge "$want" ] || { lost=$((lost + want - got)); say "slot $slot applied $item $got times"; }
    done
    [ "$(cat "$work/bench/device-$slot/target/var/lib/preseal/birth-certificate.jws")" = "$(cat "$work/$(serial_of "$slot").jws")" ] ||
      die "slot $slot does not hold the birth certificate the server gave out"
  done
}
