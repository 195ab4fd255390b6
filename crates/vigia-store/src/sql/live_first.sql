SELECT first_checkpoint FROM chain WHERE first_checkpoint IS NOT NULL
