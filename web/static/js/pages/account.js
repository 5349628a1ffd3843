// The page of accounts: a document and a program of its own, which the page of rooms never loads.

import { say } from "../ui/i18n.js";

document.title = say("name");
