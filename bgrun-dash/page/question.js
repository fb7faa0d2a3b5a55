// A question that is asked again and again while somebody types: after a pause, and only what the last
// one came to is told.

const PAUSE_MS = 180;

/** `ask()` resolves to the answer, which `tell(answer)` is given, or `fail(why)` why there is none. */
export function question(ask, tell, fail) {
  let timer = 0;
  let asked = 0;

  async function now() {
    clearTimeout(timer);
    const mine = ++asked;
    const said = await ask().then((answer) => () => tell(answer), (why) => () => fail(why));
    if (mine === asked) said();
  }

  return {
    now,
    later() {
      clearTimeout(timer);
      timer = setTimeout(now, PAUSE_MS);
    },
    end: () => clearTimeout(timer),
  };
}
