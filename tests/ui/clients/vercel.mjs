// The Vercel AI SDK's own client, without a browser: `node vercel.mjs URL` prints what a chat shows after each story.
import { AbstractChat, DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses, readUIMessageStream } from 'ai';

const url = process.argv[2];

class State {
  messages = [];
  status = 'ready';
  error = undefined;
  shown = []; // the last message after each update
  pushMessage = (message) => { this.messages = [...this.messages, message]; this.see(message); };
  popMessage = () => { this.messages = this.messages.slice(0, -1); };
  replaceMessage = (index, message) => {
    this.messages = this.messages.map((old, i) => (i === index ? this.snapshot(message) : old));
    this.see(message);
  };
  snapshot = (value) => structuredClone(value);
  see(message) { this.shown.push(this.snapshot(message)); }
}

class Chat extends AbstractChat {
  constructor(story) {
    const state = new State();
    super({
      state,
      transport: new DefaultChatTransport({ api: `${url}/vercel/${story}` }),
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    });
    this.own = state;
  }
  report() {
    const { messages, status, error, shown } = this.own;
    return { messages, status, error: error?.message ?? null, updates: shown.length };
  }
}

const stories = {};
for (const story of ['text', 'thinking', 'tools', 'provider_tool', 'error', 'tool_error', 'own_data', 'output']) {
  const chat = new Chat(story);
  await chat.sendMessage({ text: 'hi' });
  stories[story] = chat.report();
}

// A conversation: the second question goes out with everything that came before.
const conversation = new Chat('conversation');
await conversation.sendMessage({ text: 'first' });
await conversation.sendMessage({ text: 'second' });
stories.conversation = conversation.report();

for (const [name, approved, reason] of [['approved', true, undefined], ['denied', false, 'too dangerous']]) {
  const chat = new Chat(`approval-${name}`);
  await chat.sendMessage({ text: 'hi' });
  const asked = structuredClone(chat.messages.at(-1));
  const part = asked.parts.find((part) => part.state === 'approval-requested');
  await chat.addToolApprovalResponse({ id: part.approval.id, approved, reason });
  for (let i = 0; i < 200 && (chat.status !== 'ready' || chat.messages.at(-1).parts.at(-1).type !== 'text'); i++) {
    await new Promise((go) => setTimeout(go, 10));
  }
  stories[`approval-${name}`] = { asked, ...chat.report() };
}

// The parser alone: chunks in, growing messages out.
const transport = new DefaultChatTransport({ api: `${url}/vercel/text-again` });
const stream = await transport.sendMessages({
  trigger: 'submit-message', chatId: 'c', messageId: undefined, abortSignal: undefined,
  messages: [{ id: 'u', role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
});
const growing = [];
for await (const message of readUIMessageStream({ stream })) {
  growing.push(message.parts.filter((part) => part.type === 'text').map((part) => part.text).join(''));
}
stories.parser = growing;

// Stopping half way: the chat is ready again, and keeps what has come.
const stopped = new Chat('endless');
const sending = stopped.sendMessage({ text: 'hi' });
while (stopped.own.shown.length < 5) await new Promise((go) => setTimeout(go, 10));
await stopped.stop();
await sending;
stories.stopped = stopped.report();

console.log(JSON.stringify(stories));
