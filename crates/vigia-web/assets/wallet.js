// Signing with a wallet of the browser (Wallet Standard), to sign in or to show that an address is one's own: the wallet is
// asked for an account, the server for a text, the wallet for its signature, which the server takes for a session, or
// for the right to have the address watched for the account that is chosen on the page.
"use strict";

(() => {
  const CONNECT = "standard:connect";
  const SIGN = "sui:signPersonalMessage";
  const box = document.querySelector("[data-wallet]");
  if (!box) return;
  const button = box.querySelector("[data-ask]");
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

  const sign = async (wallet) => {
    const { accounts } = await wallet.features[CONNECT].connect();
    const isSui = (name) => name.startsWith("sui:");
    const account = accounts.find((account) => account.chains.some(isSui));
    if (!account) return say(box.dataset.none);
    const path = box.dataset.path;
    const { address } = account;
    const chosen = box.querySelector("[name=account]")?.value;
    const wanted = chosen === undefined ? { address } : { address, account: chosen };
    const { nonce, message } = await post(`${path}/challenge`, wanted);
    const { signature } = await wallet.features[SIGN].signPersonalMessage({
      message: new TextEncoder().encode(message),
      account,
      chain: account.chains.find(isSui),
    });
    const what = chosen === undefined ? { next: box.dataset.wallet } : wanted;
    const { location: to } = await post(path, { ...what, nonce, signature });
    location.assign(to);
  };

  const attempt = async (wallet) => {
    problem.hidden = true;
    button.disabled = true;
    try {
      await sign(wallet);
    } catch (error) {
      const { refused: wrong, taken = wrong, failed } = box.dataset;
      const refused = { 401: wrong, 409: taken }[error?.status] ?? failed;
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
