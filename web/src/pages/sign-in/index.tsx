/** The pages before the frame: sign in, register, and the first admin by the one-time link. */
export { Register } from "./Register";
export { Setup } from "./Setup";
export { SignIn } from "./SignIn";
