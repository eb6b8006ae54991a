// SPDX-License-Identifier: Apache-2.0
// Runs before the first paint so that a chosen theme never flashes the other one.
try {
  const theme = localStorage.getItem("preseal-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's preference then decides.
}
