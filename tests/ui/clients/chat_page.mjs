// The chat page in headless Chromium: `node chat_page.mjs URL CHROMIUM FOLDER` prints what it shows, and leaves screenshots.
import { chromium } from 'playwright-core';

const [url, executablePath, folder] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const page = await browser.newPage({ viewport: { width: 820, height: 900 } });
const problems = [];
page.on('pageerror', (error) => problems.push(error.message));
page.on('console', (message) => { if (message.type() === 'error') problems.push(message.text()); });
await page.goto(url);

const lastText = () => page.locator('article').last().innerText();
const ready = () => page.locator('#send').waitFor();
const told = {};

// Streaming, with a tool call: the page is looked at while it is being written.
await page.getByLabel('Message').fill('What is the weather in Paris?');
await page.getByRole('button', { name: 'Send' }).click();
const seen = new Set();
const watching = page.locator('#stop').waitFor().then(async () => {
  while (await page.locator('#stop').isVisible()) {
    seen.add(await lastText());
    await page.waitForTimeout(15);
  }
});
await watching;
await ready();
told.weather = await lastText();
told.looks = seen.size;
told.tool = {
  state: await page.locator('.tool .state').innerText(),
  input: await page.locator('.tool .input').innerText(),
  output: await page.locator('.tool .output').innerText(),
};

// Stopped half way.
await page.getByRole('button', { name: 'Tell me a long story' }).click();
await page.waitForFunction(() => document.querySelector('main article:last-of-type').innerText.length > 60);
await page.screenshot({ path: `${folder}/streaming.png` });
await page.getByRole('button', { name: 'Stop' }).click();
await ready();
told.stopped = await lastText();
await page.waitForTimeout(300);
told.afterwards = await lastText();

// A call that needs approval, after the stopped answer: the conversation goes on.
await page.getByRole('button', { name: 'Delete notes.txt' }).click();
await page.getByRole('button', { name: 'Approve' }).waitFor();
await page.screenshot({ path: `${folder}/approval.png` });
told.asked = await lastText();
await page.getByRole('button', { name: 'Approve' }).click();
await page.getByText('Done: it is gone.').waitFor();
told.approved = await lastText();
await page.getByRole('button', { name: 'Delete notes.txt' }).click();
await page.getByRole('button', { name: 'Deny' }).click();
await page.getByText('Then I leave it as it is.').waitFor();
told.denied = await lastText();
await page.screenshot({ path: `${folder}/end.png` });

told.problems = problems;
await browser.close();
console.log(JSON.stringify(told));
