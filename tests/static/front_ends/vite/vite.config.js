export default {
  base: "./",
  build: {
    manifest: "manifest.json",
    outDir: "../assets/dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    rollupOptions: { input: "src/main.js" },
  },
};
