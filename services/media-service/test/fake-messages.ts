// A fake messages-api that knows which files messages use.
import type { Bus } from "@khui/bus";
import { createLocalBus } from "@khui/bus/local";
import { serveRpc } from "@khui/bus/rpc";
import { messagesRpc } from "@khui/contracts";

export interface FakeMessages {
  readonly bus: Bus;
  readonly used: Set<string>;
  /** Awaited before each answer. */
  beforeAnswer: (fileIds: readonly string[]) => Promise<void>;
  leave(): void;
  close(): Promise<void>;
}

/** Answers `filesInUse` from `used`, until it leaves. */
export function fakeMessages(): FakeMessages {
  const bus = createLocalBus({ onError: () => {} }).connect();
  const used = new Set<string>();
  const fake: FakeMessages = {
    bus,
    used,
    beforeAnswer: async () => {},
    leave: () => subscription.unsubscribe(),
    close: () => bus.close(),
  };
  const subscription = serveRpc(bus, messagesRpc.filesInUse, async ({ fileIds }) => {
    await fake.beforeAnswer(fileIds);
    return { fileIds: fileIds.filter((id) => used.has(id)) };
  });
  return fake;
}
