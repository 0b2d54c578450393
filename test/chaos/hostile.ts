/** What a text from outside tries, if it is printed as it is. */
export const ORDERS =
  "no\n::notice::from outside\n::set-output name=status::rotated\r##[add-mask]the ##[set-output name=status;]rotated\n::stop-commands::never";

/** Everything that has ever broken a mask, a command or a header. */
export const ODD = [
  `"first" line's 100%0A %25`,
  "::notice::second line",
  " ##[set-output name=a;]third",
  "密钥é🔑 & <b>fourth</b>",
  "::stop-commands::fifth\r",
  "sixth/+==&+\\n",
].join("\n");
