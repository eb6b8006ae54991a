// SPDX-License-Identifier: Apache-2.0
// Dark or light: as the system prefers until a person chooses. See also public/theme.js.

export type ThemeName = "dark" | "light";

class Theme {
  #system = matchMedia("(prefers-color-scheme: dark)");
  current = $state<ThemeName>("light");

  constructor() {
    this.current = this.#chosen() ?? (this.#system.matches ? "dark" : "light");
    this.#system.addEventListener("change", (event) => {
      if (this.#chosen() === undefined) this.current = event.matches ? "dark" : "light";
    });
  }

  toggle(): void {
    this.current = this.current === "dark" ? "light" : "dark";
    document.documentElement.dataset["theme"] = this.current;
    try {
      localStorage.setItem("preseal-theme", this.current);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  }

  #chosen(): ThemeName | undefined {
    const theme = document.documentElement.dataset["theme"];
    return theme === "dark" || theme === "light" ? theme : undefined;
  }
}

export const theme = new Theme();
