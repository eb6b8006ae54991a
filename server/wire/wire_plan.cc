// SPDX-License-Identifier: Apache-2.0
#include "server/wire/wire_plan.h"

namespace preseal::server {

void SetOutOfBox(const OutOfBox& from, plan::v1::OutOfBox* out) {
  out->set_language(from.language);
  out->set_keyboard(from.keyboard);
  out->set_hide_privacy(from.hide_privacy);
  out->set_hide_licence(from.hide_licence);
  out->set_standard_user(from.standard_user);
  out->set_skip_keyboard(from.skip_keyboard);
  out->set_skip_network(from.skip_network);
  out->set_licence_text(from.licence_text);
  out->set_privacy_text(from.privacy_text);
}

}  // namespace preseal::server
