// Version 5 of the Vercel AI SDK, whose parser refuses fields that it does not know: `node vercel5.mjs URL`.
import { DefaultChatTransport, readUIMessageStream } from 'ai5';

const url = process.argv[2];
const stories = {};
for (const story of ['text', 'thinking', 'tools', 'provider_tool', 'error', 'tool_error', 'own_data', 'output', 'approval']) {
  const transport = new DefaultChatTransport({ api: `${url}/vercel5/${story}` });
  const stream = await transport.sendMessages({
    trigger: 'submit-message', chatId: 'c', messageId: undefined, abortSignal: undefined,
    messages: [{ id: 'u', role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  });
  let last = null;
  let error = null;
  try {
    for await (const message of readUIMessageStream({ stream, terminateOnError: true })) last = message;
  } catch (failure) {
    error = failure.message;
  }
  stories[story] = { last, error };
}
console.log(JSON.stringify(stories));
