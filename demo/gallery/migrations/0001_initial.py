import django.core.validators
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="Picture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                (
                    "image",
                    models.ImageField(
                        upload_to="pictures/",
                        validators=[
                            django.core.validators.FileExtensionValidator(
                                ("avif", "gif", "jpeg", "jpg", "png", "webp")
                            )
                        ],
                    ),
                ),
                (
                    "thumbnail",
                    models.FileField(blank=True, editable=False, upload_to="thumbnails/"),
                ),
                ("size", models.PositiveBigIntegerField(default=0, editable=False)),
                (
                    "uploaded",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
            ],
            options={
                "ordering": ("-uploaded", "-pk"),
            },
        ),
    )
