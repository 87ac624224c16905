// AG-UI's own client: `node ag_ui.mjs URL` prints what it holds after each story. It verifies the order of events itself.
import { HttpAgent } from '@ag-ui/client';

const url = process.argv[2];
const stories = {};

async function run(story, { state = {}, tools = [], second } = {}) {
  const agent = new HttpAgent({ url: `${url}/ag-ui/${story}`, initialState: state, initialMessages: [{ id: 'u1', role: 'user', content: 'hi' }] });
  const events = [];
  let error = null;
  const subscriber = {
    onEvent: ({ event }) => { events.push(event.type); },
    onRunErrorEvent: ({ event }) => { error = event.message; },
  };
  try {
    await agent.runAgent({ tools }, subscriber);
    if (second) {
      second(agent);
      await agent.runAgent({ tools }, subscriber);
    }
  } catch (failure) {
    error = `raised: ${failure.message}`;
  }
  stories[story] = { messages: agent.messages, state: agent.state, events, error };
}

for (const story of ['text', 'thinking', 'tools', 'provider_tool', 'error', 'tool_error', 'own_data', 'output']) await run(story);
await run('conversation', { second: (agent) => agent.addMessage({ id: 'u2', role: 'user', content: 'second' }) });
await run('state', { state: { n: 3 } });
await run('browser_tool', {
  tools: [{ name: 'confirm', description: 'Ask the user', parameters: { type: 'object', properties: { question: { type: 'string' } } } }],
  second: (agent) => {
    const call = agent.messages.at(-1).toolCalls[0];
    agent.addMessage({ id: 'answer', role: 'tool', toolCallId: call.id, content: 'yes' });
  },
});

// Stopping half way.
const agent = new HttpAgent({ url: `${url}/ag-ui/endless`, initialMessages: [{ id: 'u1', role: 'user', content: 'hi' }] });
let pieces = 0;
let raised = null;
try {
  await agent.runAgent({}, { onTextMessageContentEvent: () => { if (++pieces === 5) agent.abortRun(); } });
} catch (failure) {
  raised = failure.message;
}
stories.endless = { messages: agent.messages, pieces, raised };

console.log(JSON.stringify(stories));
