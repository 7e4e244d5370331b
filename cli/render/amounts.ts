export { showDollars } from "../../chain/amounts.ts";
