// @ts-check
/** WebAudio: driver signals to the ears, and the same without the design, changed for one another without a gap. */

const FADE_S = 0.03;
/** @typedef {{rate_hz: number, digest: string, source: string, frames: number, driver_count: number, names: Record<string, string>,
 *   after_gain: number, before_gain: number, delay_samples: number}} Prepared */
/** @typedef {{prepared: Prepared, drivers: Float32Array, stereo: Float32Array, after: Float32Array, before: Float32Array}} Sound */
/** @typedef {{start: number, gains: {after: GainNode, before: GainNode}, master: GainNode, sources: AudioBufferSourceNode[], seconds: number}} Chain */

/** Fetch what the studio has prepared. @param {Prepared} prepared @returns {Promise<Sound>} */
export async function fetchSound(prepared) {
  const parts = await Promise.all(["drivers", "stereo", "after", "before"].map(async (part) => {
    const answer = await fetch(`/listen/${prepared.names[part]}`);
    if (!answer.ok) throw new Error("the studio has prepared something newer meanwhile");
    return new Float32Array(await answer.arrayBuffer());
  }));
  return { prepared, drivers: parts[0], stereo: parts[1], after: parts[2], before: parts[3] };
}

/**
 * Build both ways to the ears, from one moment on.
 * @param {BaseAudioContext} context
 * @param {Sound} sound
 * @param {number} when
 * @param {number} offset seconds into the signal
 * @param {boolean} loop
 * @returns {Chain}
 */
export function buildChain(context, sound, when, offset, loop) {
  const { prepared } = sound;
  const master = context.createGain();
  const ways = { after: way(sound.drivers, sound.after), before: way(sound.stereo, sound.before) };
  master.connect(context.destination);
  return { start: when - offset, gains: { after: ways.after.gain, before: ways.before.gain }, master,
    sources: [ways.after.source, ways.before.source], seconds: prepared.frames / prepared.rate_hz };

  /** @param {Float32Array} signals @param {Float32Array} responses (ear, input, tap) */
  function way(signals, responses) {
    const inputs = signals.length / prepared.frames;
    const taps = responses.length / (2 * inputs);
    const buffer = context.createBuffer(inputs, prepared.frames, prepared.rate_hz);
    const source = context.createBufferSource();
    const splitter = context.createChannelSplitter(inputs);
    const gain = context.createGain();
    for (let input = 0; input < inputs; input += 1) {
      buffer.copyToChannel(/** @type {any} */ (signals.subarray(input * prepared.frames, (input + 1) * prepared.frames)), input);
      const response = context.createBuffer(2, taps, prepared.rate_hz);
      for (const ear of [0, 1]) response.copyToChannel(/** @type {any} */ (responses.subarray((ear * inputs + input) * taps, (ear * inputs + input + 1) * taps)), ear);
      const filter = new ConvolverNode(context, { buffer: response, disableNormalization: true });
      splitter.connect(filter, input).connect(gain);
    }
    source.buffer = buffer;
    source.loop = loop;
    source.connect(splitter);
    gain.connect(master);
    source.start(when, offset);
    return { source, gain };
  }
}

/** What plays now. */
export class Player {
  constructor() {
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {Chain | null} */
    this.chain = null;
    /** @type {Sound | null} */
    this.sound = null;
    /** @type {"after" | "before"} */
    this.which = "after";
  }

  get playing() {
    return this.chain !== null;
  }

  /** Play a sound; one that plays already goes on at the same place. @param {Sound} sound */
  async play(sound) {
    if (!this.context || this.context.sampleRate !== sound.prepared.rate_hz) {
      this.stop();
      this.context = new AudioContext({ sampleRate: sound.prepared.rate_hz, latencyHint: "interactive" });
    }
    await this.context.resume();
    const now = this.context.currentTime;
    const same = this.chain && this.sound?.prepared.source === sound.prepared.source;
    const place = same && this.chain ? (now - this.chain.start) % this.chain.seconds : 0;
    const chain = buildChain(this.context, sound, now, place, true);
    this.level(chain, sound, now, 0);
    chain.master.gain.setValueAtTime(0, now);
    chain.master.gain.linearRampToValueAtTime(1, now + FADE_S);
    this.fadeOut(now);
    this.chain = chain;
    this.sound = sound;
  }

  /** Hear the design, or the same without it. @param {"after" | "before"} which */
  choose(which) {
    this.which = which;
    if (this.context && this.chain && this.sound) this.level(this.chain, this.sound, this.context.currentTime, FADE_S);
  }

  stop() {
    if (this.context) this.fadeOut(this.context.currentTime);
    this.chain = null;
  }

  /** @param {Chain} chain @param {Sound} sound @param {number} now @param {number} fade */
  level(chain, sound, now, fade) {
    for (const name of /** @type {("after" | "before")[]} */ (["after", "before"])) {
      const wanted = name === this.which ? sound.prepared[`${name}_gain`] : 0;
      const gain = chain.gains[name].gain;
      gain.cancelScheduledValues(now);
      gain.setValueAtTime(fade ? gain.value : wanted, now);
      if (fade) gain.linearRampToValueAtTime(wanted, now + fade);
    }
  }

  /** @param {number} now */
  fadeOut(now) {
    const old = this.chain;
    if (!old) return;
    old.master.gain.cancelScheduledValues(now);
    old.master.gain.setValueAtTime(old.master.gain.value, now);
    old.master.gain.linearRampToValueAtTime(0, now + FADE_S);
    for (const source of old.sources) source.stop(now + 2 * FADE_S);
    setTimeout(() => old.master.disconnect(), 300);
  }
}

/**
 * Render offline what the page would play, without its gain: for tests and for saving.
 * @param {Sound} sound @param {"after" | "before"} which @param {number} frames
 * @returns {Promise<Float32Array[]>} both ears
 */
export async function capture(sound, which, frames) {
  const context = new OfflineAudioContext(2, frames, sound.prepared.rate_hz);
  const chain = buildChain(context, sound, 0, 0, false);
  chain.gains[which === "after" ? "before" : "after"].gain.value = 0;
  const rendered = await context.startRendering();
  return [rendered.getChannelData(0), rendered.getChannelData(1)];
}
