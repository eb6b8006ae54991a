// SPDX-License-Identifier: Apache-2.0
// What waits for what: items and groups as one graph.
#include <algorithm>
#include <map>
#include <string>

#include "agent/domain/plan_check.h"
#include "common/base/ids.h"
#include "common/base/limits.h"

namespace preseal::agent {
namespace {

// Node i is item i; behind the items, two nodes for each group: its start, which waits for the
// group's `after`, and its end, which waits for its items. An item waits for its group's start.
class Graph {
 public:
  static StatusOr<Graph> Of(const Plan& plan) {
    Graph graph(plan);
    RETURN_IF_ERROR(graph.NameAll());
    RETURN_IF_ERROR(graph.Connect());
    return graph;
  }

  const std::vector<size_t>& WaitsFor(size_t node) const { return edges_[node]; }

  Status CheckNoCycle() {
    marks_.assign(edges_.size(), Mark::kNew);
    for (size_t node = 0; node < edges_.size(); ++node) RETURN_IF_ERROR(Visit(node));
    return OkStatus();
  }

  // Items that must have ended before `item` starts, seen through groups.
  std::vector<size_t> ItemsBefore(size_t item) const {
    std::vector<bool> seen(edges_.size(), false);
    std::vector<size_t> open = edges_[item];
    std::vector<size_t> items;
    while (!open.empty()) {
      const size_t node = open.back();
      open.pop_back();
      if (seen[node]) continue;
      seen[node] = true;
      if (node < plan_.steps.size()) {
        items.push_back(node);
      } else {
        open.insert(open.end(), edges_[node].begin(), edges_[node].end());
      }
    }
    return items;
  }

  // Empty outside of groups.
  const StepGroup* GroupOf(size_t item) const {
    const auto found = groups_.find(plan_.steps[item].group);
    return found == groups_.end() ? nullptr : &plan_.groups[found->second];
  }

 private:
  enum class Mark { kNew, kOnPath, kDone };

  explicit Graph(const Plan& plan)
      : plan_(plan), edges_(plan.steps.size() + 2 * plan.groups.size()) {}

  size_t StartOf(size_t group) const { return plan_.steps.size() + 2 * group; }
  size_t EndOf(size_t group) const { return StartOf(group) + 1; }
  const std::string& NameOf(size_t node) const {
    const size_t items = plan_.steps.size();
    return node < items ? plan_.steps[node].item_id : plan_.groups[(node - items) / 2].name;
  }

  Status NameAll() {
    for (size_t i = 0; i < plan_.steps.size(); ++i) {
      if (!items_.emplace(plan_.steps[i].item_id, i).second) {
        return InvalidArgument("item " + plan_.steps[i].item_id + ": id is used twice");
      }
    }
    for (size_t i = 0; i < plan_.groups.size(); ++i) {
      const std::string& name = plan_.groups[i].name;
      if (items_.contains(name)) {
        return InvalidArgument("group " + name + ": name is an item's id");
      }
      if (!groups_.emplace(name, i).second) {
        return InvalidArgument("group " + name + ": name is used twice");
      }
    }
    return OkStatus();
  }

  Status Connect() {
    // Groups first: a cycle of groups is then named without the items in them.
    for (size_t i = 0; i < plan_.groups.size(); ++i) RETURN_IF_ERROR(ConnectGroup(i));
    for (size_t i = 0; i < plan_.steps.size(); ++i) RETURN_IF_ERROR(ConnectStep(i));
    return OkStatus();
  }

  Status ConnectStep(size_t i) {
    const Step& step = plan_.steps[i];
    for (const std::string& before : step.after) {
      const auto item = items_.find(before);
      if (item == items_.end()) return UnknownName("item " + step.item_id, "names no item", before);
      edges_[i].push_back(item->second);
    }
    if (step.group.empty()) return OkStatus();
    const auto group = groups_.find(step.group);
    if (group == groups_.end()) {
      return InvalidArgument("item " + step.item_id + ": group names no group: " +
                             EscapeForLog(step.group, kItemIdBytesMax));
    }
    edges_[i].push_back(StartOf(group->second));
    edges_[EndOf(group->second)].push_back(i);
    return OkStatus();
  }

  Status ConnectGroup(size_t i) {
    const StepGroup& group = plan_.groups[i];
    edges_[EndOf(i)].push_back(StartOf(i));
    for (const std::string& before : group.after) {
      const auto item = items_.find(before);
      const auto other = groups_.find(before);
      if (item == items_.end() && other == groups_.end()) {
        return UnknownName("group " + group.name, "names no item or group", before);
      }
      edges_[StartOf(i)].push_back(item != items_.end() ? item->second : EndOf(other->second));
    }
    return OkStatus();
  }

  static Status UnknownName(const std::string& who, const char* what, const std::string& name) {
    return InvalidArgument(who + ": after " + what + ": " + EscapeForLog(name, kItemIdBytesMax));
  }

  // Depth first; at most kPlanStepsMax + 2 * kPlanGroupsMax calls deep.
  Status Visit(size_t node) {
    if (marks_[node] == Mark::kDone) return OkStatus();
    path_.push_back(node);
    if (marks_[node] == Mark::kOnPath) return CycleAt(node);
    marks_[node] = Mark::kOnPath;
    for (const size_t next : edges_[node]) RETURN_IF_ERROR(Visit(next));
    marks_[node] = Mark::kDone;
    path_.pop_back();
    return OkStatus();
  }

  // The path's end is `node`, which is on it once before: "a -> b -> a".
  Status CycleAt(size_t node) const {
    auto at = std::find(path_.begin(), path_.end(), node);
    std::string cycle;
    const std::string* last = nullptr;
    for (; at != path_.end(); ++at) {
      const std::string& name = NameOf(*at);
      if (last != nullptr && *last == name) continue;  // both ends of one group
      if (last != nullptr) cycle += " -> ";
      cycle += name;
      last = &name;
    }
    const bool is_item = node < plan_.steps.size();
    return InvalidArgument((is_item ? "item " : "group ") + NameOf(node) +
                           ": after forms a cycle: " + cycle);
  }

  const Plan& plan_;
  std::map<std::string, size_t> items_;
  std::map<std::string, size_t> groups_;
  std::vector<std::vector<size_t>> edges_;
  std::vector<Mark> marks_;
  std::vector<size_t> path_;
};

// A teardown runs after everything else, account setup after device setup: nothing earlier can wait
// for them.
Status CheckCanHaveEnded(const Plan& plan, const Graph& graph, size_t item, size_t before) {
  const StepGroup* own = graph.GroupOf(item);
  const StepGroup* other = graph.GroupOf(before);
  const std::string& id = plan.steps[item].item_id;
  const std::string& earlier = plan.steps[before].item_id;
  if (other != nullptr && other->teardown && !(own != nullptr && own->teardown)) {
    return InvalidArgument("item " + id + ": waits for " + earlier + ", which is in the teardown");
  }
  if (plan.steps[before].phase > plan.steps[item].phase) {
    return InvalidArgument("item " + id + ": waits for " + earlier + ", which is of a later phase");
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::vector<size_t>> OrderSteps(const Plan& plan) {
  ASSIGN_OR_RETURN(Graph graph, Graph::Of(plan));
  RETURN_IF_ERROR(graph.CheckNoCycle());
  std::vector<std::vector<size_t>> before(plan.steps.size());
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    before[i] = graph.ItemsBefore(i);
    for (const size_t item : before[i]) RETURN_IF_ERROR(CheckCanHaveEnded(plan, graph, i, item));
  }
  std::vector<size_t> order;
  std::vector<bool> placed(plan.steps.size(), false);
  const auto ready = [&before, &placed](size_t i) {
    return !placed[i] && std::all_of(before[i].begin(), before[i].end(),
                                     [&placed](size_t item) { return placed[item]; });
  };
  // The first ready step each time keeps the written order wherever `after` leaves a choice. There
  // is one, as there is no cycle.
  while (order.size() < plan.steps.size()) {
    size_t next = 0;
    while (!ready(next)) ++next;
    placed[next] = true;
    order.push_back(next);
  }
  return order;
}

}  // namespace preseal::agent
