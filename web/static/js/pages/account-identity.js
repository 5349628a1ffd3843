// All that speaks of another service (OpenID Connect): loaded where the deployment believes one.

export { Identities, returnedWith } from "../account/identities.js";
export { identitiesView } from "../account/views/identities-view.js";
export { identityScreen } from "../account/views/identity-screen.js";
export { forgottenWay, identityWay } from "../account/views/identity-way.js";
