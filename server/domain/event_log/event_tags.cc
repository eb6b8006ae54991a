// SPDX-License-Identifier: Apache-2.0
#include "server/domain/event_log/event_tags.h"

#include <algorithm>
#include <vector>

#include "common/base/limits.h"
#include "server/domain/event_log/little_endian.h"

namespace preseal::server {
namespace {

// SIPAEVENTTYPE_CONTAINER of Windows' wbcl.h: the aggregation bit.
constexpr uint32_t kContainerBit = 0x40000000;

struct Level {
  LittleEndianReader reader;
  int depth;
};

}  // namespace

void CountEventTags(ByteView data, EventTagFacts& facts) {
  // A list of open containers instead of recursion: depth is the sender's to choose.
  std::vector<Level> open{{LittleEndianReader(data), 1}};
  while (!open.empty()) {
    Level level = open.back();
    open.pop_back();
    facts.depth = std::max(facts.depth, level.depth);
    while (level.reader.remaining() > 0) {
      const auto tag = level.reader.U32();
      const auto size = level.reader.U32();
      const auto body = size ? level.reader.Raw(*size) : std::nullopt;
      if (!tag || !body) {
        facts.malformed = true;
        break;
      }
      ++facts.items;
      if ((*tag & kContainerBit) == 0) continue;
      if (level.depth >= kEventTagDepthMax) {
        facts.too_deep = true;
      } else {
        open.push_back({LittleEndianReader(*body), level.depth + 1});
      }
    }
  }
}

}  // namespace preseal::server
