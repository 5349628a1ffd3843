/** The files that this browser is saving: seen and stopped from wherever they are shown, and how each has ended. */

/**
 * `handed`: the browser was given all of it; whether it has it then, only the person sees. `again`: gives it once more
 * without another fetch, where it still lies here.
 * @typedef {{kind: "saving", bytes: number} | {kind: "saved"} | {kind: "handed", again: (() => Promise<void>)|null}
 *   | {kind: "failed", error: unknown}} SavingState
 *
 * @typedef {import("./watched.js").Watched} Watched
 * @typedef {import("./saver.js").Sink} Sink
 */

export class Savings {
  #save;
  #told;
  /** @type {Map<Watched, SavingState>} */
  #states = new Map();
  /** @type {Map<Watched, {controller: AbortController, done: Promise<void>}>} */
  #running = new Map();
  #isClosed = false;

  /**
   * @param {object} given
   * @param {(one: Watched, sink: Sink, how: {signal: AbortSignal, told: (bytes: number) => void}) => Promise<void>} given.save
   * @param {(file: string) => void} given.told  something about it has changed
   */
  constructor({ save, told }) {
    this.#save = save;
    this.#told = told;
  }

  /** @param {Watched} one  @returns {SavingState|null} null: nobody has saved it, or they stopped */
  state(one) {
    return this.#states.get(one) ?? null;
  }

  /** Whether something would be cut off if this page went. */
  get isBusy() {
    return this.#running.size > 0;
  }

  /** @param {Watched} one  @param {Sink} sink  that was asked for before  @returns {Promise<void>} once it has ended, however */
  begin(one, sink) {
    if (this.#isClosed || this.#running.has(one)) return sink.drop().catch(() => undefined);
    const controller = new AbortController();
    const done = this.#run(one, sink, controller.signal);
    this.#running.set(one, { controller, done });
    this.#set(one, { kind: "saving", bytes: 0 });
    return done;
  }

  /** @param {Watched} one */
  stop(one) {
    this.#running.get(one)?.controller.abort();
  }

  /** Nothing is saved any more. */
  async close() {
    this.#isClosed = true;
    const all = [...this.#running.values()];
    for (const { controller } of all) controller.abort();
    await Promise.all(all.map(({ done }) => done));
  }

  /** @param {Watched} one  @param {Sink} sink  @param {AbortSignal} signal */
  async #run(one, sink, signal) {
    /** @type {SavingState|null} */
    let end;
    try {
      await this.#save(one, sink, { signal, told: (bytes) => this.#set(one, { kind: "saving", bytes }) });
      end = sink.isCertain ? { kind: "saved" } : { kind: "handed", again: sink.again ?? null };
    } catch (error) {
      end = signal.aborted ? null : { kind: "failed", error };
    }
    this.#running.delete(one);
    this.#set(one, end);
  }

  /** @param {Watched} one  @param {SavingState|null} state */
  #set(one, state) {
    if (state === null) this.#states.delete(one);
    else this.#states.set(one, state);
    if (!this.#isClosed) this.#told(one.id);
  }
}
