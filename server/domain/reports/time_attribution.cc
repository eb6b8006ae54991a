// SPDX-License-Identifier: Apache-2.0
#include "server/domain/reports/time_attribution.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace preseal::server {
namespace {

using std::chrono::microseconds;

// A span that begins or ends, clipped to what is divided.
struct Edge {
  int64_t at = 0;
  size_t span = 0;
  bool begins = false;
};

using Rank = std::tuple<int, int64_t, size_t>;  // rank, start, place in the input
using PartKey = std::pair<TimeKind, std::string>;

std::vector<Edge> EdgesOf(std::span<const TimeSpan> spans, int64_t start, int64_t end) {
  std::vector<Edge> edges;
  edges.reserve(2 * spans.size());
  for (size_t i = 0; i < spans.size(); ++i) {
    const int64_t from = std::max(start, ToMicros(spans[i].start));
    const int64_t to = std::min(end, ToMicros(spans[i].end));
    if (from >= to) continue;
    edges.push_back({from, i, true});
    edges.push_back({to, i, false});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
  return edges;
}

std::vector<TimePart> PartsOf(const std::map<PartKey, int64_t>& shares) {
  std::vector<TimePart> parts;
  for (const auto& [key, micros] : shares) {
    parts.push_back({key.first, key.second, microseconds(micros)});
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const TimePart& a, const TimePart& b) { return a.duration > b.duration; });
  return parts;
}

bool BetterBefore(const PathItem& candidate, const PathItem& best) {
  return std::pair(candidate.end, best.start) > std::pair(best.end, candidate.start);
}

}  // namespace

TimeAttribution Attribute(WallTime start, WallTime end, std::span<const TimeSpan> spans) {
  const int64_t first = ToMicros(start);
  const int64_t last = std::max(first, ToMicros(end));
  std::set<Rank> covering;
  std::map<PartKey, int64_t> shares;
  int64_t at = first;
  int64_t covered = 0;
  for (const Edge& edge : EdgesOf(spans, first, last)) {
    if (edge.at > at && !covering.empty()) {
      const TimeSpan& span = spans[std::get<2>(*covering.begin())];
      shares[{span.kind, span.item_id}] += edge.at - at;
      covered += edge.at - at;
    }
    at = edge.at;
    const TimeSpan& span = spans[edge.span];
    const Rank rank{RankOf(span.kind), ToMicros(span.start), edge.span};
    if (edge.begins) {
      covering.insert(rank);
    } else {
      covering.erase(rank);
    }
  }
  return {.wall_clock = microseconds(last - first),
          .parts = PartsOf(shares),
          .remainder = microseconds(last - first - covered)};
}

int RankOf(TimeKind kind) {
  switch (kind) {
    case TimeKind::kAwaitingUser:
      return 0;
    case TimeKind::kSealing:
      return 1;
    case TimeKind::kAwaitingSeal:
      return 2;
    case TimeKind::kAwaitingPerson:
      return 3;
    case TimeKind::kAwaitingStart:
      return 4;
    case TimeKind::kReboot:
      return 5;
    case TimeKind::kOffline:
      return 6;
    case TimeKind::kItem:
      return 7;
    case TimeKind::kPrompt:
      return 8;
    case TimeKind::kHold:
      return 9;
    case TimeKind::kToken:
      return 10;
    case TimeKind::kRetryPause:
      return 11;
    case TimeKind::kAttestation:
      return 12;
  }
  return 13;
}

std::string_view NameOf(TimeKind kind) {
  switch (kind) {
    case TimeKind::kAttestation:
      return "attestation";
    case TimeKind::kAwaitingStart:
      return "awaiting start";
    case TimeKind::kItem:
      return "item";
    case TimeKind::kToken:
      return "in the server's queue";
    case TimeKind::kRetryPause:
      return "pause before a retry";
    case TimeKind::kPrompt:
      return "awaiting an answer";
    case TimeKind::kHold:
      return "on hold";
    case TimeKind::kReboot:
      return "restarting";
    case TimeKind::kOffline:
      return "not heard";
    case TimeKind::kAwaitingPerson:
      return "failed, awaiting a person";
    case TimeKind::kAwaitingSeal:
      return "awaiting the seal";
    case TimeKind::kSealing:
      return "sealing";
    case TimeKind::kAwaitingUser:
      return "awaiting the user";
  }
  return "";
}

std::vector<std::string> CriticalPath(std::span<const PathItem> items) {
  std::vector<std::string> path;
  std::vector<bool> used(items.size(), false);
  const PathItem* next = nullptr;
  for (;;) {
    size_t best = items.size();
    for (size_t i = 0; i < items.size(); ++i) {
      if (used[i] || (next != nullptr && items[i].end > next->start)) continue;
      if (best == items.size() || BetterBefore(items[i], items[best])) best = i;
    }
    if (best == items.size()) break;
    used[best] = true;
    next = &items[best];
    path.push_back(next->item_id);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace preseal::server
