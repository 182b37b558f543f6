const hls = new Hls();
hls.on(Hls.Events.MEDIA_ATTACHED, () => {
  document.body.dataset.ready = "yes";
});
hls.attachMedia(document.querySelector("video"));
