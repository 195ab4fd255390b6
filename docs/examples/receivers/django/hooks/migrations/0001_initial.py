"""The two tables; written by `manage.py makemigrations`."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("body", models.JSONField()),
                ("received_at", models.DateTimeField(auto_now_add=True)),
                ("handled_at", models.DateTimeField(db_index=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Movement",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="hooks.event",
                    ),
                ),
                ("account", models.CharField(db_index=True, max_length=200)),
                ("kind", models.CharField(max_length=200)),
                ("direction", models.CharField(max_length=7)),
                ("coin", models.TextField(null=True)),
                ("amount", models.CharField(max_length=40, null=True)),
                ("digest", models.CharField(db_index=True, max_length=44)),
            ],
        ),
    ]
