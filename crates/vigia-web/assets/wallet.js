// Signing in with a wallet of the browser (Wallet Standard): the wallet is asked for an account, the server for a
// text, the wallet for its signature, which the server takes for a session.
"use strict";

(() => {
  const CONNECT = "standard:connect";
  const SIGN = "sui:signPersonalMessage";
  const box = document.querySelector("[data-wallet]");
  if (!box) return;
  const button = box.querySelector("button");
  const problem = box.querySelector("[role=alert]");
  const choice = box.querySelector(".wallets");
  const wallets = new Set();

  // Whoever comes first, page or wallet, tells the other.
  const register = (...added) => {
    const fit = added.filter((wallet) => wallet?.features?.[CONNECT] && wallet.features[SIGN]);
    fit.forEach((wallet) => wallets.add(wallet));
    return () => fit.forEach((wallet) => wallets.delete(wallet));
  };
  const api = Object.freeze({ register });
  addEventListener("wallet-standard:register-wallet", (event) => event.detail(api));
  dispatchEvent(new CustomEvent("wallet-standard:app-ready", { detail: api }));

  const say = (text) => {
    problem.textContent = text;
    problem.hidden = false;
  };

  const post = async (path, body) => {
    const reply = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (reply.ok) return reply.json();
    const said = await reply.json().catch(() => ({}));
    throw { status: reply.status, text: said.error };
  };

  const signIn = async (wallet) => {
    const { accounts } = await wallet.features[CONNECT].connect();
    const isSui = (name) => name.startsWith("sui:");
    const account = accounts.find((account) => account.chains.some(isSui));
    if (!account) return say(box.dataset.none);
    const { nonce, message } = await post("/sign-in/sui/challenge", { address: account.address });
    const signed = await wallet.features[SIGN].signPersonalMessage({
      message: new TextEncoder().encode(message),
      account,
      chain: account.chains.find(isSui),
    });
    const next = box.dataset.wallet;
    const { location: to } = await post("/sign-in/sui", { nonce, signature: signed.signature, next });
    location.assign(to);
  };

  const attempt = async (wallet) => {
    problem.hidden = true;
    button.disabled = true;
    try {
      await signIn(wallet);
    } catch (error) {
      const refused = error?.status === 401 ? box.dataset.refused : box.dataset.failed;
      say(error?.status === 503 && error.text ? `${refused} (${error.text})` : refused);
    } finally {
      button.disabled = false;
    }
  };

  button.addEventListener("click", () => {
    const all = [...wallets];
    if (all.length === 0) return say(box.dataset.none);
    if (all.length === 1) return attempt(all[0]);
    choice.replaceChildren(...all.map((wallet) => {
      const one = document.createElement("button");
      one.type = "button";
      one.textContent = wallet.name;
      one.addEventListener("click", () => attempt(wallet));
      return one;
    }));
  });
  box.hidden = false;
})();
