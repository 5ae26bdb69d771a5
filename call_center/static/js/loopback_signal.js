// The Voice SDK opens wss://<address>/signal and nothing else. A carrier simulator on this machine speaks plain
// WebSocket, so that nobody has to accept a self-signed certificate. This script, loaded before the SDK, opens that
// one address without TLS; every other WebSocket stays what it is. The page names the address:
//   <script src="…/loopback_signal.js" data-signalling="127.0.0.1:4010"></script>
(() => {
  "use strict";
  const address = document.currentScript.dataset.signalling || "";
  const loopback = /^(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d{1,5})?$/;
  if (!loopback.test(address)) {
    return;
  }
  const secure = `wss://${address}/signal`;
  const plain = `ws://${address}/signal`;
  window.WebSocket = class extends window.WebSocket {
    constructor(url, ...protocols) {
      super(String(url) === secure ? plain : url, ...protocols);
    }
  };
})();
