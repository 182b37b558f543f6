export default {
  base: "./",
  build: {
    outDir: "../assets/dist",
    emptyOutDir: true,
    rollupOptions: {
      input: "main.js",
      output: { entryFileNames: "[name].js", assetFileNames: "assets/[name][extname]" },
    },
  },
};
