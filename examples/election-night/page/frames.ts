/**
 * All drawing of a page happens in animation frames, however many messages come between two of them. What waits to be drawn is a set of
 * states and a short list, both bounded, so a page in the background does not grow either.
 */
export class Frames {
  readonly #draw: () => void;
  #asked = false;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }
}
