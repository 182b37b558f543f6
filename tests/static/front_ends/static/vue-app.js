const done = () => {
  document.body.dataset.ready = "yes";
};
Vue.createApp({ template: "<p>{{ 1 + 1 }}</p>", mounted: done }).mount("main");
