/**
 * All that speaks of another service (OpenID Connect): a bundle of its own, loaded where the deployment believes one.
 */

export { Identities, returnedWith } from "./identities.js";
export { identitiesView } from "./views/identities-view.js";
export { identityScreen } from "./views/identity-screen.js";
export { forgottenWay, identityWay } from "./views/identity-way.js";
