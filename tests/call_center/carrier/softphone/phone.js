// A browser phone as small as can be, for a test to press its buttons and read what it was told.
window.events = [];

const SOUNDS = ["disconnect", "incoming", "outgoing", "dtmfs", "dtmfh", ..."0123456789".split("").map((key) => `dtmf${key}`)];

window.token = async (query) => (await fetch(`/token?${query}`)).text();

window.sign_on = async (query, signalling) => {
  const sounds = Object.fromEntries(SOUNDS.map((key) => [key, `/sounds/${key}.wav`]));
  window.device = new Twilio.Device(await token(query), {
    chunderw: signalling,
    eventgw: signalling,
    publishEvents: false,
    enableImprovedSignalingErrorPrecision: true,
    tokenRefreshMs: 1000,
    logLevel: "silent",
    sounds,
  });
  for (const name of ["registered", "unregistered", "error", "tokenWillExpire"]) {
    device.on(name, (detail) => events.push(detail?.originalError ? `${name} ${detail.originalError.code}` : name));
  }
  device.on("incoming", (call) => {
    events.push("incoming");
    follow(call);
  });
  try {
    await device.register();
  } catch {
    events.push("refused");
  }
};

window.dial = async (params) => follow(await device.connect({ params }));

// What the browser itself counted: packets in and out, and the energy of what it heard.
window.audio = async () => {
  const seen = { received: 0, sent: 0, energy: 0 };
  for (const report of (await call._mediaHandler.version.pc.getStats()).values()) {
    if (report.type === "inbound-rtp") {
      seen.received = report.packetsReceived;
      seen.energy = report.totalAudioEnergy;
    }
    if (report.type === "outbound-rtp") {
      seen.sent = report.packetsSent;
    }
  }
  return seen;
};

function follow(call) {
  window.call = call;
  for (const name of ["accept", "cancel", "disconnect", "ringing", "reconnecting", "reconnected", "error"]) {
    call.on(name, (detail) => events.push(name === "error" ? `call error ${detail.code}` : `call ${name}`));
  }
}
