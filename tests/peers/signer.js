"use strict";
// The signer of npm's twilio as a service of lines: a JSON question on stdin, a JSON answer on stdout, until stdin ends.

const readline = require("node:readline");
const webhooks = require("twilio/lib/webhooks/webhooks");

const verbs = {
  sign: ({ token, url, params }) => webhooks.getExpectedTwilioSignature(token, url, params),
  form: ({ token, signature, url, params }) => webhooks.validateRequest(token, signature, url, params),
  json: ({ token, signature, url, body }) => webhooks.validateRequestWithBody(token, signature, url, body),
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { verb, ...question } = JSON.parse(line);
  process.stdout.write(JSON.stringify(verbs[verb](question)) + "\n");
});
