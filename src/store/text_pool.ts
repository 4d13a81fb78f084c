// TextPool: one string in place of many equal ones. A million messages of a thousand topics need a thousand names.
// A place for each text is all that it remembers: one that is taken goes to the text that came last.

const PLACES = 4_096;

export class TextPool {
  readonly #texts: string[] = new Array(PLACES).fill("");

  /** `text`, or a string like it that came before. */
  one(text: string): string {
    let place = text.length;
    for (let i = Math.max(0, text.length - 8); i < text.length; i++) {
      place = Math.imul(place, 31) + text.charCodeAt(i) | 0;
    }
    place = (place ^ place >>> 12) & PLACES - 1;
    const known = this.#texts[place]!;
    if (known === text) return known;
    return this.#texts[place] = text;
  }
}
