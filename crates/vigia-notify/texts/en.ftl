### The built-in texts in English. A message is named as its kind; `.title` is the first line
### of a push, `.hidden` stands in for the text where amounts are not shown. docs/texts.md lists the variables.

## Stand in where a kind has no text of its own, and where a text fails

generic = There is news about your account
    .title = { $has-account ->
            [yes] { $account }
           *[no] News
        }

generic-in = { $has-who ->
        [yes] You received { $money } from { $who }
       *[no] You received { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Money received
        }
    .hidden = { $has-who ->
            [yes] You received money from { $who }
           *[no] You received money
        }

generic-out = { $has-who ->
        [yes] You sent { $money } to { $who }
       *[no] You sent { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Money sent
        }
    .hidden = { $has-who ->
            [yes] You sent money to { $who }
           *[no] You sent money
        }

an-amount = an amount

## Money

send-received = { $has-who ->
        [yes] You received { $money } from { $who }
       *[no] You received { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Money received
        }
    .hidden = { $has-who ->
            [yes] You received money from { $who }
           *[no] You received money
        }

send-from-external = { $has-who ->
        [yes] You received { $money } from { $who }
       *[no] You received { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Money received
        }
    .hidden = { $has-who ->
            [yes] You received money from { $who }
           *[no] You received money
        }

send-sent = { $has-who ->
        [yes] You sent { $money } to { $who }
       *[no] You sent { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Money sent
        }
    .hidden = { $has-who ->
            [yes] You sent money to { $who }
           *[no] You sent money
        }

payment-received = { $has-who ->
        [yes] You were paid { $money } by { $who }
       *[no] You were paid { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Payment received
        }
    .hidden = { $has-who ->
            [yes] You received a payment from { $who }
           *[no] You received a payment
        }

payment-sent = { $has-who ->
        [yes] You paid { $money } to { $who }
       *[no] You paid { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Payment sent
        }
    .hidden = { $has-who ->
            [yes] You made a payment to { $who }
           *[no] You made a payment
        }

invoice-paid = The invoice from { $business } was paid: { $money }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Invoice paid
        }
    .hidden = The invoice from { $business } was paid

usdc-deposit-completed = Your deposit of { $money } is complete
    .title = { $has-account ->
            [yes] { $account }
           *[no] Deposit complete
        }
    .hidden = Your deposit is complete

usdc-withdrawal-completed = Your withdrawal of { $money } is complete
    .title = { $has-account ->
            [yes] { $account }
           *[no] Withdrawal complete
        }
    .hidden = Your withdrawal is complete

## Invitations

send-invitation-sent = You sent an invitation with { $money }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Invitation sent
        }
    .hidden = You sent an invitation with money

send-invitation-claimed = { $has-who ->
        [yes] { $who } accepted your invitation
       *[no] Your invitation was accepted
    }
    .title = Invitation accepted

send-invitation-expired = Your invitation expired: { $money } came back to you
    .title = { $has-account ->
            [yes] { $account }
           *[no] Invitation expired
        }
    .hidden = Your invitation expired: your money came back to you

## Trades

p2p-trade-started = { $has-who ->
        [yes] Your trade with { $who } has started
       *[no] Your trade has started
    }
    .title = Trade

p2p-offer-accepted = { $has-who ->
        [yes] { $who } accepted your offer
       *[no] Your offer was accepted
    }
    .title = Offer accepted

p2p-crypto-released = { $has-who ->
        [yes] You received { $money } from your trade with { $who }
       *[no] You received { $money } from your trade
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Money received
        }
    .hidden = { $has-who ->
            [yes] You received money from your trade with { $who }
           *[no] You received money from your trade
        }

p2p-trade-completed = { $has-who ->
        [yes] Your trade with { $who } is complete
       *[no] Your trade is complete
    }
    .title = Trade complete

p2p-trade-cancelled = { $has-who ->
        [yes] Your trade with { $who } was cancelled
       *[no] Your trade was cancelled
    }
    .title = Trade cancelled

p2p-trade-disputed = { $has-who ->
        [yes] Your trade with { $who } is in dispute
       *[no] Your trade is in dispute
    }
    .title = Trade in dispute

## Many at once

digest-received = { $count ->
        [1] One deposit: { $money }
       *[other] { $count } deposits: { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Money received
        }
    .hidden = { $count ->
            [1] You received one deposit
           *[other] You received { $count } deposits
        }

digest = { $count ->
        [1] One piece of news about your account
       *[other] { $count } pieces of news about your account
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] News
        }

summary = { $count ->
        [1] While you were away: one piece of news about your account
       *[other] While you were away: { $count } pieces of news about your account
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Summary
        }

## Security

security-alert = Security alert about your account
    .title = Security alert

new-sign-in = Somebody signed in to your account from { $client }: { $time }. If it was not you, change your password
    .title = New sign-in

password-changed = Your password was changed: { $time }. If it was not you, ask for help at once
    .title = Password changed

new-device = A device was added to your account ({ $platform }): { $time }. If it was not you, remove it
    .title = New device

## Receivers of notifications

webhook-disabled = The webhook { $endpoint } was disabled: { $reason }
    .title = Webhook disabled

webhook-enabled = The webhook { $endpoint } is enabled again
    .title = Webhook enabled

endpoint-test = This is a test notification
    .title = Test
