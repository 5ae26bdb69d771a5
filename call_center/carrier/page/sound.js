// Sound of a call: WebRTC with the carrier, the microphone joining when it is allowed; and two tones of our own.

export class CallSound {
  // Connects at once, to hear; `onMicrophone` is called when the person can speak too.
  constructor({ offer, onMicrophone }) {
    this.muted = false;
    this.connection = new RTCPeerConnection();
    this.player = new Audio();
    this.connection.addEventListener("track", (event) => {
      this.player.srcObject = new MediaStream([event.track]);
      this.player.play().catch(() => {}); // a browser that wants a click first: the next button is one
    });
    this.sender = this.connection.addTransceiver("audio", { direction: "sendrecv" }).sender;
    this.start(offer);
    this.listen(onMicrophone);
  }

  async start(offer) {
    await this.connection.setLocalDescription();
    await gathered(this.connection);
    offer(this.connection.localDescription.sdp);
  }

  async listen(onMicrophone) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      this.track = stream.getAudioTracks()[0];
      if (this.connection.signalingState === "closed") {
        this.track.stop();
        return;
      }
      this.track.enabled = !this.muted;
      await this.sender.replaceTrack(this.track);
      onMicrophone();
    } catch {
      // Refused, missing, or a page without permission to ask: the made-up voice goes on speaking.
    }
  }

  accept(sdp) {
    return this.connection.setRemoteDescription({ type: "answer", sdp });
  }

  mute(muted) {
    this.muted = muted;
    if (this.track) {
      this.track.enabled = !muted;
    }
  }

  close() {
    this.track?.stop();
    this.connection.close();
    this.player.srcObject = null;
  }
}

function gathered(connection) {
  if (connection.iceGatheringState === "complete") {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState === "complete") {
        resolve();
      }
    });
    setTimeout(resolve, 1000);
  });
}

// 425 Hz, on and off: what a telephone network sounds like. Silent until the person has clicked something.
export class Tone {
  constructor(onSeconds, offSeconds) {
    this.on = onSeconds;
    this.off = offSeconds;
  }

  start() {
    if (this.context || !navigator.userActivation?.hasBeenActive) {
      return;
    }
    this.context = new AudioContext();
    const oscillator = this.context.createOscillator();
    const gain = this.context.createGain();
    oscillator.frequency.value = 425;
    gain.gain.value = 0;
    oscillator.connect(gain).connect(this.context.destination);
    for (let at = 0; at < 60; at += this.on + this.off) {
      gain.gain.setTargetAtTime(0.08, this.context.currentTime + at, 0.01);
      gain.gain.setTargetAtTime(0, this.context.currentTime + at + this.on, 0.01);
    }
    oscillator.start();
  }

  stop() {
    this.context?.close();
    this.context = null;
  }
}
