// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "common/base/limits.h"
#include "server/domain/assignment/item_order.h"
#include "server/domain/assignment/library.h"

namespace preseal::server {
namespace {

// Who waits for whom: items, and the groups of one profile under "group NAME".
class WaitGraph {
 public:
  void Add(const std::string& node, const std::string& waits_for, const Place& place) {
    edges_[node].push_back({waits_for, place});
  }

  // One mistake for each cycle that a walk meets first.
  std::vector<Mistake> Cycles() {
    for (const auto& [node, edges] : edges_) Visit(node);
    return std::move(mistakes_);
  }

 private:
  struct Edge {
    std::string to;
    Place place;
  };
  enum class Mark { kNew, kOpen, kDone };

  void Visit(const std::string& node) {
    if (marks_[node] != Mark::kNew) return;
    marks_[node] = Mark::kOpen;
    path_.push_back(node);
    const auto edges = edges_.find(node);
    if (edges != edges_.end()) {
      for (const Edge& edge : edges->second) Follow(edge);
    }
    path_.pop_back();
    marks_[node] = Mark::kDone;
  }

  void Follow(const Edge& edge) {
    if (marks_[edge.to] == Mark::kNew) return Visit(edge.to);
    if (marks_[edge.to] != Mark::kOpen) return;
    const auto begin = std::find(path_.begin(), path_.end(), edge.to);
    mistakes_.push_back({edge.place, fmt::format("these wait for each other: {} -> {}",
                                                 fmt::join(begin, path_.end(), " -> "), edge.to)});
  }

  std::map<std::string, std::vector<Edge>> edges_;
  std::map<std::string, Mark> marks_;
  std::vector<std::string> path_;
  std::vector<Mistake> mistakes_;
};

std::string GroupNode(std::string_view name) { return fmt::format("group {}", name); }

class Checker {
 public:
  explicit Checker(const Library& library) : library_(library) {}

  std::vector<Mistake> Run() {
    for (const auto& [id, profile] : library_.profiles) CheckProfile(profile);
    CheckItemDocuments();
    for (const auto& [id, assignment] : library_.assignments) CheckAssignment(assignment);
    // A cycle among documents shows in every profile's graph.
    std::vector<Mistake> once;
    std::set<std::tuple<std::string, uint32_t, uint32_t, std::string>> seen;
    for (Mistake& mistake : mistakes_) {
      const Place& at = mistake.place;
      if (once.size() == kMistakesMax) break;
      if (!at.file.empty() && !seen.emplace(at.file, at.line, at.column, mistake.message).second) {
        continue;
      }
      once.push_back(std::move(mistake));
    }
    return once;
  }

 private:
  using Items = std::map<std::string, const ItemSpec*, std::less<>>;

  void Fail(const Place& place, std::string message) {
    mistakes_.push_back({place, std::move(message)});
  }

  Items ItemDocuments() const {
    Items items;
    for (const auto& [id, item] : library_.items) items.emplace(id, &item);
    return items;
  }

  void CheckProfile(const DeploymentProfile& profile) {
    Items known = ItemDocuments();
    std::vector<const ItemSpec*> own;
    std::vector<const ItemSpec*> members;  // own, and Item documents that are mentioned
    for (const auto& entry : profile.items) {
      if (const auto* mention = std::get_if<Mention>(&entry)) {
        const auto item = library_.items.find(mention->id);
        if (item == library_.items.end()) {
          Fail(mention->place, fmt::format("there is no Item \"{}\"", mention->id));
        } else {
          members.push_back(&item->second);
        }
        continue;
      }
      const ItemSpec& item = std::get<ItemSpec>(entry);
      own.push_back(&item);
      members.push_back(&item);
      if (!known.emplace(item.id, &item).second) {
        Fail(item.place, fmt::format("there is an Item document \"{}\" too", item.id));
      }
    }
    WaitGraph graph;
    CheckGroups(profile.settings, known, &graph);
    for (const ItemSpec* item : own) {
      CheckId(item->id, item->place);
      CheckAfter(*item, known, &graph);
      CheckGroupOf(*item, profile.settings, &graph);
    }
    CheckTurns(profile.settings, members);
    // A profile's cycle runs through what is written in it; the documents' own are found apart.
    for (const auto& [id, item] : library_.items) AddAfter(item, &graph);
    for (Mistake& mistake : graph.Cycles()) {
      if (mistake.place.file == profile.settings.place.file)
        mistakes_.push_back(std::move(mistake));
    }
  }

  void CheckGroups(const ProfileSettings& settings, const Items& known, WaitGraph* graph) {
    std::set<std::string, std::less<>> names;
    for (const StepGroup& group : settings.step_groups) names.insert(group.name);
    for (const StepGroup& group : settings.step_groups) {
      CheckId(group.name, group.place);
      if (known.contains(group.name)) {
        Fail(group.place,
             fmt::format("\"{}\" names an item: give the group another name", group.name));
      }
      for (const Mention& after : group.after) {
        const bool is_group = names.contains(after.id);
        if (!is_group && !known.contains(after.id)) {
          Fail(after.place, fmt::format("there is no item or group \"{}\"", after.id));
        }
        graph->Add(GroupNode(group.name), is_group ? Members(after.id) : after.id, after.place);
      }
    }
  }

  // What waits for a group waits for its members; they stand under this node.
  static std::string Members(std::string_view name) { return fmt::format("members of {}", name); }

  void CheckGroupOf(const ItemSpec& item, const ProfileSettings& settings, WaitGraph* graph) {
    if (item.group.id.empty()) return;
    const auto group = std::find_if(
        settings.step_groups.begin(), settings.step_groups.end(),
        [&item](const StepGroup& candidate) { return candidate.name == item.group.id; });
    if (group == settings.step_groups.end()) {
      return Fail(item.group.place, fmt::format("this profile has no group \"{}\"", item.group.id));
    }
    if (group->teardown && item.gating == Gating::kBlocking) {
      Fail(item.group.place,
           "a teardown group cannot hold the seal: its items must not be blocking");
    }
    graph->Add(item.id, GroupNode(item.group.id), item.group.place);
    graph->Add(Members(item.group.id), item.id, item.group.place);
  }

  // The agent refuses a plan in which something waits for what can only run after it. Phases of
  // items are looked at where their `after` is.
  void CheckTurns(const ProfileSettings& settings, const std::vector<const ItemSpec*>& members) {
    std::map<std::string, Turn, std::less<>> turns;
    for (const StepGroup& group : settings.step_groups) turns[group.name].teardown = group.teardown;
    for (const ItemSpec* item : members) {
      const auto group = turns.find(item->group.id);
      if (group != turns.end()) group->second.Add(PhaseOf(*item));
      Turn turn{.teardown = group != turns.end() && group->second.teardown};
      turn.Add(PhaseOf(*item));
      turns.emplace(item->id, turn);
    }
    for (const ItemSpec* item : members) {
      for (const Mention& after : item->after) {
        const auto before = turns.find(after.id);
        if (before != turns.end()) CheckTeardown(turns.at(item->id), after, before->second);
      }
    }
    for (const StepGroup& group : settings.step_groups) {
      const Turn& turn = turns.at(group.name);
      for (const Mention& after : group.after) {
        const auto before = turns.find(after.id);
        if (before == turns.end()) continue;
        CheckTeardown(turn, after, before->second);
        if (before->second.last <= turn.first) continue;
        Fail(after.place, fmt::format("\"{}\" runs in account setup, long after device items of "
                                      "this group",
                                      after.id));
      }
    }
  }

  void CheckTeardown(const Turn& turn, const Mention& after, const Turn& before) {
    if (!before.teardown || turn.teardown) return;
    Fail(after.place,
         fmt::format("\"{}\" is in a teardown group, which runs after everything else", after.id));
  }

  static void AddAfter(const ItemSpec& item, WaitGraph* graph) {
    for (const Mention& after : item.after) graph->Add(item.id, after.id, after.place);
  }

  // Items that follow from settings would meet these in one plan.
  void CheckId(std::string_view id, const Place& place) {
    for (const char* taken :
         {kSetNameItem, kOfflineJoinItem, kDomainJoinItem, kQualityUpdatesItem}) {
      if (id == taken) Fail(place, fmt::format("\"{}\" names a built-in item", taken));
    }
  }

  void CheckAfter(const ItemSpec& item, const Items& known, WaitGraph* graph) {
    for (const Mention& after : item.after) {
      const auto other = known.find(after.id);
      if (other == known.end()) {
        Fail(after.place, fmt::format("there is no item \"{}\"", after.id));
      } else if (PhaseOf(item) < PhaseOf(*other->second)) {
        Fail(after.place,
             fmt::format(
                 "\"{}\" runs {}, long after this device item", after.id,
                 other->second->context == Context::kUser ? "for the user" : "in account setup"));
      }
    }
    AddAfter(item, graph);
  }

  void CheckItemDocuments() {
    const Items known = ItemDocuments();
    WaitGraph graph;
    for (const auto& [id, item] : library_.items) {
      CheckId(item.id, item.place);
      CheckAfter(item, known, &graph);
    }
    for (Mistake& mistake : graph.Cycles()) mistakes_.push_back(std::move(mistake));
  }

  void CheckAssignment(const Assignment& assignment) {
    for (const Mention& item : assignment.items) {
      if (!library_.items.contains(item.id)) {
        Fail(item.place, fmt::format("there is no Item \"{}\"", item.id));
      }
    }
    if (!assignment.profile.id.empty() && !library_.profiles.contains(assignment.profile.id)) {
      Fail(assignment.profile.place,
           fmt::format("there is no DeploymentProfile \"{}\"", assignment.profile.id));
    }
    for (const auto* groups : {&assignment.groups, &assignment.exclude_groups}) {
      for (const Mention& group : *groups) {
        if (!library_.groups.contains(group.id)) {
          Fail(group.place, fmt::format("there is no Group \"{}\"", group.id));
        }
      }
    }
  }

  const Library& library_;
  std::vector<Mistake> mistakes_;
};

}  // namespace

std::vector<Mistake> CheckLibrary(const Library& library) { return Checker(library).Run(); }

void GroupCensus::Count(const DeviceFacts& facts) {
  ++devices_;
  for (const auto& [id, group] : library_.groups) inside_[id] += group.rule.Matches(facts) ? 1 : 0;
}

std::vector<std::string> GroupCensus::Warnings() const {
  std::vector<std::string> warnings;
  for (const auto& [id, inside] : inside_) {
    const std::string& rule = library_.groups.find(id)->second.rule.text();
    if (inside == 0) {
      warnings.push_back(fmt::format("group {} matches no device today: {}", id, rule));
    } else if (inside == devices_ && rule != "all") {
      warnings.push_back(fmt::format("group {} matches every device today: {}", id, rule));
    }
  }
  return warnings;
}

}  // namespace preseal::server
