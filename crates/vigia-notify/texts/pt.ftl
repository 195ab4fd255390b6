### The built-in texts in Portuguese (of Brazil). A message is named as its kind; `.title` is the first line
### of a push, `.hidden` stands in for the text where amounts are not shown. docs/texts.md lists the variables.

## Stand in where a kind has no text of its own, and where a text fails

generic = Há novidades na sua conta
    .title = { $has-account ->
            [yes] { $account }
           *[no] Novidades
        }

generic-in = { $has-who ->
        [yes] Você recebeu { $money } de { $who }
       *[no] Você recebeu { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinheiro recebido
        }
    .hidden = { $has-who ->
            [yes] Você recebeu dinheiro de { $who }
           *[no] Você recebeu dinheiro
        }

generic-out = { $has-who ->
        [yes] Você enviou { $money } para { $who }
       *[no] Você enviou { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinheiro enviado
        }
    .hidden = { $has-who ->
            [yes] Você enviou dinheiro para { $who }
           *[no] Você enviou dinheiro
        }

an-amount = um valor

## Money

send-received = { $has-who ->
        [yes] Você recebeu { $money } de { $who }
       *[no] Você recebeu { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinheiro recebido
        }
    .hidden = { $has-who ->
            [yes] Você recebeu dinheiro de { $who }
           *[no] Você recebeu dinheiro
        }

send-from-external = { $has-who ->
        [yes] Você recebeu { $money } de { $who }
       *[no] Você recebeu { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinheiro recebido
        }
    .hidden = { $has-who ->
            [yes] Você recebeu dinheiro de { $who }
           *[no] Você recebeu dinheiro
        }

send-sent = { $has-who ->
        [yes] Você enviou { $money } para { $who }
       *[no] Você enviou { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinheiro enviado
        }
    .hidden = { $has-who ->
            [yes] Você enviou dinheiro para { $who }
           *[no] Você enviou dinheiro
        }

payment-received = { $has-who ->
        [yes] Você recebeu um pagamento de { $money } de { $who }
       *[no] Você recebeu um pagamento de { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Pagamento recebido
        }
    .hidden = { $has-who ->
            [yes] Você recebeu um pagamento de { $who }
           *[no] Você recebeu um pagamento
        }

payment-sent = { $has-who ->
        [yes] Você pagou { $money } para { $who }
       *[no] Você pagou { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Pagamento enviado
        }
    .hidden = { $has-who ->
            [yes] Você fez um pagamento para { $who }
           *[no] Você fez um pagamento
        }

invoice-paid = A fatura de { $business } foi paga: { $money }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Fatura paga
        }
    .hidden = A fatura de { $business } foi paga

usdc-deposit-completed = Seu depósito de { $money } está pronto
    .title = { $has-account ->
            [yes] { $account }
           *[no] Depósito pronto
        }
    .hidden = Seu depósito está pronto

usdc-withdrawal-completed = Seu saque de { $money } está pronto
    .title = { $has-account ->
            [yes] { $account }
           *[no] Saque pronto
        }
    .hidden = Seu saque está pronto

## Invitations

send-invitation-sent = Você enviou um convite com { $money }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Convite enviado
        }
    .hidden = Você enviou um convite com dinheiro

send-invitation-claimed = { $has-who ->
        [yes] { $who } aceitou seu convite
       *[no] Seu convite foi aceito
    }
    .title = Convite aceito

send-invitation-expired = Seu convite expirou: { $money } voltou para você
    .title = { $has-account ->
            [yes] { $account }
           *[no] Convite expirado
        }
    .hidden = Seu convite expirou: seu dinheiro voltou para você

## Trades

p2p-trade-started = { $has-who ->
        [yes] Sua troca com { $who } começou
       *[no] Sua troca começou
    }
    .title = Troca

p2p-offer-accepted = { $has-who ->
        [yes] { $who } aceitou sua oferta
       *[no] Sua oferta foi aceita
    }
    .title = Oferta aceita

p2p-crypto-released = { $has-who ->
        [yes] Você recebeu { $money } da sua troca com { $who }
       *[no] Você recebeu { $money } da sua troca
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinheiro recebido
        }
    .hidden = { $has-who ->
            [yes] Você recebeu dinheiro da sua troca com { $who }
           *[no] Você recebeu dinheiro da sua troca
        }

p2p-trade-completed = { $has-who ->
        [yes] Sua troca com { $who } foi concluída
       *[no] Sua troca foi concluída
    }
    .title = Troca concluída

p2p-trade-cancelled = { $has-who ->
        [yes] Sua troca com { $who } foi cancelada
       *[no] Sua troca foi cancelada
    }
    .title = Troca cancelada

p2p-trade-disputed = { $has-who ->
        [yes] Sua troca com { $who } está em disputa
       *[no] Sua troca está em disputa
    }
    .title = Troca em disputa

## Many at once

digest-received = { $count ->
        [1] Um depósito: { $money }
       *[other] { $count } depósitos: { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinheiro recebido
        }
    .hidden = { $count ->
            [1] Você recebeu um depósito
           *[other] Você recebeu { $count } depósitos
        }

digest = { $count ->
        [1] Uma novidade na sua conta
       *[other] { $count } novidades na sua conta
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Novidades
        }

summary = { $count ->
        [1] Enquanto você esteve fora houve uma novidade na sua conta
       *[other] Enquanto você esteve fora houve { $count } novidades na sua conta
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Resumo
        }

## Security

security-alert = Alerta de segurança sobre sua conta
    .title = Alerta de segurança

new-sign-in = Sua conta foi acessada em { $client }: { $time }. Se não foi você, mude sua senha
    .title = Novo acesso

password-changed = Sua senha foi alterada: { $time }. Se não foi você, peça ajuda imediatamente
    .title = Senha alterada

new-device = Um dispositivo foi adicionado à sua conta ({ $platform }): { $time }. Se não foi você, remova-o
    .title = Novo dispositivo

## Receivers of notifications

webhook-disabled = O webhook { $endpoint } foi desativado: { $reason }
    .title = Webhook desativado

webhook-enabled = O webhook { $endpoint } está ativo novamente
    .title = Webhook ativado

endpoint-test = Esta é uma notificação de teste
    .title = Teste
