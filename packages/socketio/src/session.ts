// One Engine.IO session: packets in and out over polling, over WebSocket, or from the one to the other.
import { decodePacket, type Packet } from "engine.io-parser";
import { Connection } from "./connection.js";
import type { Exchange } from "./exchange.js";
import { closePacket, noopPacket, payloadOf, pingPacket, pollingBody, textFrame } from "./frames.js";
import { type Hub, randomId } from "./hub.js";
import { closeGrace, type Link, type LinkOwner } from "./link.js";
import { eachPacket } from "./payload.js";
import type { Probe } from "./probe.js";

/** One poll's answer stops growing here, so that a relayed one fits a message of the bus; the next poll gets the rest. */
const pollAnswerBytes = 256 * 1024;
/** A line so slow is still waited for: 16 KiB a second. */
const slowestBytesPerMs = 16;

export class Session extends Connection implements LinkOwner {
  readonly sid: string;
  /** The upgrade under way, if any: one at a time. */
  probe: Probe | undefined;
  protected readonly ping = pingPacket;
  #link: Link | undefined;
  #poll: Exchange | undefined;
  /** Bytes of poll answers that the kernel has not taken. */
  #answering = 0;
  /** Polling: when the next poll is to have come, unless one is waiting or still being answered. */
  #pollBy = Number.POSITIVE_INFINITY;
  #posting = false;
  /** What the end said, for a client that is still to hear it. */
  #farewell: { code: number; reason: string } | undefined;
  /** Until CONNECT has come: when to give up. */
  #connectBy: number | undefined;

  /** Opens a session whose handshake came over `link`, or over polling if there is none. */
  constructor(hub: Hub, link: Link | undefined) {
    super(hub);
    const { ownerId, connectTimeout } = hub.settings;
    this.sid = ownerId === undefined ? randomId() : `${ownerId}.${randomId()}`;
    this.#link = link;
    this.#connectBy = hub.wheel.now() + connectTimeout;
    hub.sessions.set(this.sid, this);
    hub.handshaking += 1;
    if (!link) this.#expectPoll(0);
    this.rearm();
  }

  get transport(): "polling" | "websocket" {
    return this.#link ? "websocket" : "polling";
  }

  /** The packet that opens the session, as a frame. */
  openPacket(): Buffer {
    const { pingInterval, pingTimeout, maxPayload } = this.hub.settings;
    const upgrades = this.#link ? [] : ["websocket"];
    return textFrame("0", JSON.stringify({ sid: this.sid, upgrades, pingInterval, pingTimeout, maxPayload }));
  }

  /** CONNECT has come: the session no longer counts as a handshake. */
  markConnected(): void {
    if (this.#connectBy === undefined) return;
    this.#connectBy = undefined;
    this.hub.handshaking -= 1;
    this.rearm();
  }

  protected override rearm(): void {
    super.rearm(Math.min(this.#connectBy ?? Number.POSITIVE_INFINITY, this.#pollBy));
  }

  override onDue(now: number): void {
    if (this.state === "closing") this.#forget();
    else if (this.#connectBy !== undefined && now >= this.#connectBy) {
      this.#end("connect timeout", 1000, false);
    } else if (now >= this.#pollBy && !this.probe) this.#end("transport close", 1000, false);
    else super.onDue(now);
  }

  /** The client has had an answer of so many bytes, and comes again if it is still there. */
  #expectPoll(bytes: number): void {
    this.#pollBy = this.hub.wheel.now() + this.hub.settings.pollTimeout + bytes / slowestBytesPerMs;
    // An earlier deadline than this one will set it when it has come.
    if (this.state === "open" && this.dueAt > this.#pollBy) this.rearm();
  }

  protected get unsent(): number {
    return this.#answering + (this.#link?.unsent ?? 0);
  }

  protected drain(): void {
    if (this.#link) {
      const bytes = this.queuedBytes;
      this.#link.write(this.takeFrames(), bytes, this.hub.gatherer);
    } else if (this.#poll) {
      const poll = this.#poll;
      this.#poll = undefined;
      this.#answerPoll(poll);
    }
  }

  #answerPoll(poll: Exchange): void {
    const frames = [this.takeFrames()].flat();
    let count = 0;
    let bytes = 0;
    for (const frame of frames) {
      // A client that finds the close beside other packets closes before it has handled them.
      if (count > 0 && (frame === closePacket || bytes + frame.length > pollAnswerBytes)) break;
      count += 1;
      bytes += frame.length;
    }
    const body = pollingBody(frames.slice(0, count));
    for (const frame of frames.slice(count)) this.enqueue(frame);
    this.#answering += body.length;
    poll.answer(200, "text/plain; charset=UTF-8", body, () => {
      this.#answering -= body.length;
      if (!this.#link && !this.#poll) this.#expectPoll(body.length);
    });
  }

  /** A polling GET. It is answered as soon as there is something to say. */
  onPoll(poll: Exchange): void {
    if (this.#link || this.#poll) {
      poll.refuse(3);
      if (this.#poll) this.end("transport error");
      return;
    }
    this.#pollBy = Number.POSITIVE_INFINITY;
    if (this.hasFrames) this.#answerPoll(poll);
    else {
      this.#poll = poll;
      poll.onAbandoned(() => {
        if (this.#poll !== poll) return;
        this.#poll = undefined;
        this.#end("transport error", 1000, false);
      });
    }
    if (this.state === "closing" && !this.hasFrames) this.#forget();
  }

  /** Reserves the session's one POST at a time; false if there is one already, which ends the session. */
  beginPost(): boolean {
    if (this.#posting) this.end("transport error");
    if (this.#posting || this.#link) return false;
    this.#posting = true;
    return true;
  }

  /** The POST begun has its body; undefined if it failed. Resolves when all its packets are taken. */
  async finishPost(body: string | undefined): Promise<void> {
    if (body !== undefined && !this.#link) {
      await eachPacket(body, (packet) => {
        if (this.open) this.#onPacket(packet);
        else if (this.state === "closing" && packet.type === "close") this.#forget();
      });
    }
    this.#posting = false;
  }

  onLinkMessage(data: Buffer, isBinary: boolean): void {
    if (!this.open) return;
    if (isBinary) this.receiver?.onBinary(data);
    else this.#onPacket(decodePacket(data.toString(), "nodebuffer"));
  }

  onLinkPong(): void {}

  onLinkClose(): void {
    this.end("transport close");
  }

  #onPacket(packet: Packet): void {
    const data: unknown = packet.data;
    switch (packet.type) {
      case "message":
        if (Buffer.isBuffer(data)) this.receiver?.onBinary(data);
        else this.receiver?.onText(typeof data === "string" ? data : "");
        return;
      case "pong":
        this.onPong();
        return;
      case "close":
        this.#end("transport close", 1000, false);
        return;
      case "ping":
        // In protocol 4 only the server pings.
        this.end("transport error");
        return;
      case "error":
        this.end("parse error");
        return;
      case "open":
      case "noop":
      case "upgrade":
        return;
    }
  }

  /** Lets a waiting poll go with nothing to say: this one, or whichever there is. */
  releasePoll(poll: Exchange | undefined = this.#poll): void {
    if (!this.#poll || this.#poll !== poll) return;
    this.enqueue(noopPacket);
    this.drain();
  }

  /** The client has left polling for `link`: what is queued goes there. */
  upgradeTo(link: Link): void {
    this.probe = undefined;
    this.releasePoll();
    if (this.state === "closed") {
      link.finish(1000, "");
      return;
    }
    this.#link = link;
    this.#pollBy = Number.POSITIVE_INFINITY;
    link.owner = this;
    if (this.state === "closing") this.#finishLink(link);
    else if (this.hasFrames) this.drain();
  }

  end(reason: string, code = 1000): void {
    this.#end(reason, code, true);
  }

  #end(reason: string, code: number, awaitPoll: boolean): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.#farewell = { code, reason };
    this.markConnected();
    if (this.#link) this.#finishLink(this.#link);
    else if (awaitPoll) this.#sayClose();
    else this.#dismissPoll();
    this.receiver?.onEnd(reason);
  }

  #finishLink(link: Link): void {
    for (const frame of [this.takeFrames()].flat()) if (frame !== closePacket) this.enqueue(frame);
    if (this.hasFrames) this.drain();
    link.finish(this.#farewell?.code ?? 1000, this.#farewell?.reason ?? "");
    this.#forget();
  }

  /**
   * Polling: the waiting poll, or else the next ones, take what is queued and then the close. A client on its way to
   * WebSocket polls no more: it gets them there, so its probe stays.
   */
  #sayClose(): void {
    if (!this.probe?.answered) this.probe?.abandon();
    this.enqueue(closePacket);
    this.drain();
    if (!this.hasFrames) this.#forget();
    else this.hub.wheel.schedule(this, closeGrace);
  }

  #dismissPoll(): void {
    const poll = this.#poll;
    this.#poll = undefined;
    poll?.answer(200, "text/plain; charset=UTF-8", payloadOf(closePacket));
    this.#forget();
  }

  #forget(): void {
    this.state = "closed";
    this.takeFrames();
    this.probe?.abandon();
    this.hub.wheel.cancel(this);
    this.hub.sessions.delete(this.sid);
  }

  /** The engine stops: nobody will come for what is left. */
  abandon(): void {
    if (this.state === "closing") this.#forget();
  }
}
