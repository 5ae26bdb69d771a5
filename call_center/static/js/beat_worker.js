// A clock that goes on in a tab nobody looks at: browsers slow the timers of hidden pages down, not those of workers.
setInterval(() => postMessage(0), 15000);
