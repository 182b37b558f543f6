export const text = "loaded later";
